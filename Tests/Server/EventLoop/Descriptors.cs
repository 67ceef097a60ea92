using System.Runtime.InteropServices;

namespace KestrelFree.Tests.Server.Loop;

/// <summary>What a test needs of the system's descriptors.</summary>
internal static partial class Descriptors
{
    [LibraryImport("libc", EntryPoint = "dup")]
    internal static partial int Duplicate(int descriptor);
}
