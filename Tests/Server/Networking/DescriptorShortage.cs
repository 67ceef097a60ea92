using System.Runtime.InteropServices;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>Leaves this process without a free descriptor by taking them all; others of the process feel it too, so keep it short.</summary>
internal sealed partial class DescriptorShortage : IDisposable
{
    private readonly List<int> _taken = [];

    private DescriptorShortage()
    {
    }

    public void Dispose() => _taken.ForEach(descriptor => _ = Close(descriptor));

    internal static DescriptorShortage Begin()
    {
        var shortage = new DescriptorShortage();
        while (Duplicate(0) is >= 0 and int descriptor)
            shortage._taken.Add(descriptor);

        return shortage;
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
