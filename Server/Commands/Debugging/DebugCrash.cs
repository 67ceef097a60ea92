using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>
/// DEBUG ASSERT, CRASH-AT, PANIC and SEGFAULT: end the server in the ways in which a defect would, so that the report about it can be tried.
/// </summary>
internal static class DebugCrash
{
    /// <summary>What CRASH-AT takes.</summary>
    internal static readonly string Steps = string.Join(", ", Enum.GetNames<FileStep>());

    internal static void At(Client client, in ArgVector args)
    {
        if (!Enum.TryParse(Encoding.UTF8.GetString(args[2]), ignoreCase: true, out FileStep step))
        {
            client.Reply.Error($"ERR one of {Steps} is expected");
            return;
        }

        client.Server.FileSteps.Fatal = step;
        client.Reply.Ok();
    }

    internal static void Assert(Client client, in ArgVector args) => Invariant.Check(client.Server is null, "DEBUG ASSERT: 1 == 2");

    internal static void Panic(Client client, in ArgVector args) =>
        throw new InvalidOperationException($"DEBUG PANIC called at Unix time {client.Server.Clock.NowMs / 1000}");

    // The first page is never mapped. The runtime turns the signal into an exception at the faulting instruction, which nobody catches.
    internal static unsafe void Segfault(Client client, in ArgVector args) => *(byte*)client.Server.Blocked.Count = (byte)'x';
}
