using System.Globalization;
using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// What a save does to the server, without the file: fork, read every byte of every key on the snapshot's thread, release. The checksum does not
// depend on the order of keys, so two walks of the same data agree.

/// <summary>DEBUG SNAPSHOT.</summary>
internal static class DebugSnapshot
{
    internal static void Execute(Client client, in ArgVector args)
    {
        if (args.Count == 2) Start(client, null);
        else if (args[2].Is("wait"u8)) StartAndWait(client);
        else if (args[2].Is("cancel"u8)) Cancel(client);
        else client.Reply.Error(SharedReplies.SyntaxError);
    }

    private static void StartAndWait(Client client)
    {
        if (client.Is(ClientFlags.DenyBlocking))
        {
            client.Reply.Error("ERR DEBUG SNAPSHOT WAIT cannot wait here"u8);
            return;
        }

        var waiting = new WaitingForWalk();
        client.Server.Blocked.Block(client, waiting, timeoutMs: 0);
        Start(client, waiting);
    }

    private static void Start(Client client, WaitingForWalk? waiting)
    {
        var run = client.Server.Snapshots.Start(new WalkJob(client, waiting));
        client.Server.Log.Notice($"Walk of a snapshot of {run.Progress.KeysTotal} keys started");
        if (waiting is null) client.Reply.SimpleString("Walk of a snapshot started"u8);
    }

    private static void Cancel(Client client)
    {
        var cancelled = 0;
        foreach (var run in client.Server.Snapshots.Running)
        {
            if (run.Job is not WalkJob) continue;
            run.Progress.Cancel();
            cancelled++;
        }

        client.Reply.Integer(cancelled);
    }

    private sealed class WaitingForWalk : BlockedOperation
    {
        internal override void ReplyTimeout(Client client) => client.Reply.Null();
    }

    private sealed class WalkJob(Client client, WaitingForWalk? waiting) : SnapshotJob
    {
        private ulong _checksum;

        internal override string Name => "walk";

        internal override void Run(Snapshot snapshot, SnapshotProgress progress)
        {
            Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
            var walk = snapshot.Walk();
            while (walk.MoveNext() && progress.TryAdvance())
            {
                var key = XxHash3.Hash(walk.Entry.Key) + (ulong)walk.DatabaseIndex;
                var value = walk.Entry.Type == DataType.String ? XxHash3.Hash(walk.Entry.GetString(digits)) : 0;
                _checksum ^= (key * 31) + value;
            }
        }

        internal override void Completed(SnapshotRun run, SnapshotOutcome outcome)
        {
            client.Server.Log.Notice($"Walk of a snapshot {(outcome == SnapshotOutcome.Finished ? "finished" : "cancelled")} after {run.Progress.KeysDone} keys in {run.ElapsedSeconds:F3} seconds");
            if (waiting is null || client.Blocked != waiting) return;
            client.Reply.ArrayHeader(3);
            client.Reply.Integer(run.Progress.KeysDone);
            client.Reply.Bulk(_checksum.ToString("x16", CultureInfo.InvariantCulture));
            client.Reply.Integer(run.KeptBytes);
            client.Server.Blocked.Unblock(client);
        }
    }
}
