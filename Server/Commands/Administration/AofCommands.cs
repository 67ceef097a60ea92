using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>BGREWRITEAOF and WAITAOF.</summary>
internal static class AofCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("bgrewriteaof", Rewrite)
        {
            Arity = 1, Flags = Admin | NoScript | NoAsyncLoading, Since = "1.0.0", Group = "server",
            Summary = "Begins to rewrite the append-only file, as the data is at this moment; nobody waits.", Complexity = "O(1), and O(n) for n keys on another thread",
        },
        new("waitaof", WaitAof)
        {
            Arity = 4, Flags = CommandFlags.Blocking, Categories = AclCategory.Connection, Since = "7.2.0", Group = "generic",
            Tips = ["request_policy:all_shards", "response_policy:agg_min"],
            Summary = "Waits until the connection's writes are on the disk of this server, of replicas, or both.", Complexity = "O(1)",
        },
    ];

    private static void Rewrite(Client client, in ArgVector args)
    {
        var rewrites = client.Server.Aof.Rewrites;
        if (rewrites.IsRunning)
        {
            client.Reply.Error("ERR Background append only file rewriting already in progress"u8);
        }
        else if (client.Server.Saves.IsRunning || client.Is(ClientFlags.DenyBlocking))
        {
            // In a transaction the data is between two states.
            rewrites.IsScheduled = true;
            client.Reply.SimpleString("Background append only file rewriting scheduled"u8);
        }
        else if (rewrites.TryStart())
        {
            client.Reply.SimpleString("Background append only file rewriting started"u8);
        }
        else
        {
            client.Reply.Error("ERR Can't execute an AOF background rewriting. Please check the server logs for more information."u8);
        }
    }

    private static void WaitAof(Client client, in ArgVector args)
    {
        if (!TryNumberOrReply(client, args[1], 1, out var local) || !TryNumberOrReply(client, args[2], int.MaxValue, out var replicas)) return;
        if (!ArgumentParsing.TryTimeoutMsOrReply(client, args[3], out var timeoutMs)) return;
        var aof = client.Server.Aof;
        if (local > 0 && aof.State == AofState.Off)
            client.Reply.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."u8);
        else if (client.Is(ClientFlags.DenyBlocking) || aof.Waiters.IsMet(client, local, replicas))
            aof.Waiters.Reply(client);
        else
            aof.Waiters.Block(client, local, replicas, timeoutMs);
    }

    private static bool TryNumberOrReply(Client client, ReadOnlySpan<byte> argument, long most, out long number)
    {
        if (!Numbers.TryParseInteger(argument, out number)) client.Reply.Error("ERR value is not an integer or out of range"u8);
        else if (number < 0 || number > most) client.Reply.Error($"ERR value is out of range, must be {(most == 1 ? "between 0 and 1" : "positive")}");
        else return true;
        return false;
    }
}
