using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>DEBUG ASSERT, PANIC and SEGFAULT: end the server in the ways in which a defect would, so that the report about it can be tried.</summary>
internal static class DebugCrash
{
    internal static void Assert(Client client, in ArgVector args) => Invariant.Check(client.Server is null, "DEBUG ASSERT: 1 == 2");

    internal static void Panic(Client client, in ArgVector args) =>
        throw new InvalidOperationException($"DEBUG PANIC called at Unix time {client.Server.Clock.NowMs / 1000}");

    // The first page is never mapped. The runtime turns the signal into an exception at the faulting instruction, which nobody catches.
    internal static unsafe void Segfault(Client client, in ArgVector args) => *(byte*)client.Server.Blocked.Count = (byte)'x';
}
