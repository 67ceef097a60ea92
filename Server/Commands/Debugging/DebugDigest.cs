using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// DEBUG DIGEST walks a fork. Few keys are walked at once; of many the client waits while they are walked on another thread, and the server
// serves the others. In a transaction, where nobody may wait, they are walked at once too.

/// <summary>DEBUG DIGEST and DIGEST-VALUE.</summary>
internal static class DebugDigest
{
    private const int KeysWalkedAtOnce = 10_000;

    internal static void All(Client client, in ArgVector args)
    {
        var keyspace = client.Server.Keyspace;
        if (client.Is(ClientFlags.DenyBlocking) || CountKeys(keyspace) <= KeysWalkedAtOnce)
        {
            using var snapshot = keyspace.Fork();
            Reply(client, Walk(snapshot, progress: null));
            return;
        }

        var waiting = new WaitingForDigest();
        client.Server.Blocked.Block(client, waiting, timeoutMs: 0);
        client.Server.Snapshots.Start(new DigestJob(client, waiting));
    }

    internal static void Values(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++)
        {
            var digest = default(ValueDigest);
            var entry = client.Database.PeekStored(args[i]);
            if (!entry.Exists || ValueDigests.TryMix(entry.View, ref digest)) client.Reply.SimpleString(Convert.ToHexStringLower(digest.Bytes));
            else ReplyUnsupported(client, entry.Type);
        }
    }

    private static long CountKeys(Keyspace keyspace)
    {
        long keys = 0;
        for (var index = 0; index < keyspace.DatabaseCount; index++) keys += keyspace[index].Count;
        return keys;
    }

    private static DatasetDigest Walk(Snapshot snapshot, SnapshotProgress? progress)
    {
        var digest = new DatasetDigest(snapshot.Databases.Count);
        var walk = snapshot.Walk();
        while (walk.MoveNext() && progress?.TryAdvance() != false) digest.Add(walk.DatabaseIndex, walk.Entry);
        return digest;
    }

    private static void Reply(Client client, DatasetDigest digest)
    {
        if (digest.Unsupported == DataType.None) client.Reply.SimpleString(Convert.ToHexStringLower(digest.Finish().Bytes));
        else ReplyUnsupported(client, digest.Unsupported);
    }

    private static void ReplyUnsupported(Client client, DataType type) => client.Reply.Error($"ERR DEBUG DIGEST knows no digest of type {type}");

    private sealed class WaitingForDigest : BlockedOperation
    {
        internal override void ReplyTimeout(Client client) => client.Reply.Null();
    }

    private sealed class DigestJob(Client client, WaitingForDigest waiting) : SnapshotJob
    {
        private DatasetDigest _digest = null!;

        internal override string Name => "digest";

        internal override void Run(Snapshot snapshot, SnapshotProgress progress) => _digest = Walk(snapshot, progress);

        internal override void Completed(SnapshotRun run, SnapshotOutcome outcome)
        {
            if (client.Blocked != waiting) return;
            if (outcome == SnapshotOutcome.Finished) Reply(client, _digest);
            else client.Reply.Error("ERR the digest was cancelled"u8);
            client.Server.Blocked.Unblock(client);
        }
    }
}
