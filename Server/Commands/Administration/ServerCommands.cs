using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>DBSIZE, FLUSHALL, FLUSHDB, INFO, ROLE, SHUTDOWN and TIME.</summary>
internal static class ServerCommands
{
    private static readonly string[] FlushTips = ["request_policy:all_shards", "response_policy:all_succeeded"];

    internal static readonly CommandSpec[] Table =
    [
        new("dbsize", DbSize)
        {
            Arity = 1, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "server",
            Tips = ["request_policy:all_shards", "response_policy:agg_sum"],
            Summary = "Counts the keys of the selected database.", Complexity = "O(1)",
        },
        new("flushall", FlushAll)
        {
            Databases = DatabaseFinders.Every,
            Arity = -1, Flags = Write, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0", Group = "server", Tips = FlushTips,
            Summary = "Deletes every key of every database.", Complexity = "O(1); memory is given back in slices",
        },
        new("flushdb", FlushDb)
        {
            Arity = -1, Flags = Write, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0", Group = "server", Tips = FlushTips,
            Summary = "Deletes every key of the selected database.", Complexity = "O(1); memory is given back in slices",
        },
        new("info", Report)
        {
            Arity = -1, Flags = Loading | Stale, Categories = AclCategory.Dangerous, Since = "1.0.0", Group = "server",
            Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
            Summary = "Reports what the server is, holds and has done.", Complexity = "O(1)",
        },
        new("role", Role)
        {
            Arity = 1, Flags = NoScript | Loading | Stale | Fast, Categories = AclCategory.Admin | AclCategory.Dangerous, Since = "2.8.12", Group = "server",
            Summary = "Returns whether the server is a master, how far its history is, and who copies it.", Complexity = "O(1)",
        },
        new("shutdown", Shutdown)
        {
            Arity = -1, Flags = Admin | NoScript | Loading | Stale | NoMulti | AllowBusy, Since = "1.0.0", Group = "server",
            Summary = "Ends the server.", Complexity = "O(n) to save n keys, O(1) otherwise",
        },
        new("time", Time)
        {
            Arity = 1, Flags = Loading | Stale | Fast, Since = "2.6.0", Group = "server", Tips = ["nondeterministic_output"],
            Summary = "Returns the server's time.", Complexity = "O(1)",
        },
    ];

    private static void DbSize(Client client, in ArgVector args) => client.Reply.Integer(client.Database.Count);

    // Nobody can copy this server yet.
    private static void Role(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(3);
        client.Reply.Bulk("master"u8);
        client.Reply.Integer(0);
        client.Reply.EmptyArray();
    }

    private static void FlushAll(Client client, in ArgVector args)
    {
        if (!TryFlushModeOrReply(client, args, out var mode)) return;
        client.Server.Keyspace.FlushAll(mode);
        client.Propagation.AsReceived();
        SaveEmpty(client.Server);
        client.Server.Tracking.InvalidateAll();
        client.Reply.Ok();
    }

    // A save that is running would bring the data back; where data is saved at all, that there is none is saved at once.
    private static void SaveEmpty(RedisServer server)
    {
        server.Saves.AbandonRunning();
        if (server.Config.Save.Count > 0) server.Saves.Save();
    }

    private static void FlushDb(Client client, in ArgVector args)
    {
        if (!TryFlushModeOrReply(client, args, out var mode)) return;
        client.Database.Flush(mode);
        client.Propagation.AsReceived();
        client.Server.Tracking.InvalidateAll();
        client.Reply.Ok();
    }

    private static bool TryFlushModeOrReply(Client client, in ArgVector args, out FlushMode mode)
    {
        mode = client.Server.Config.LazyFreeLazyUserFlush ? FlushMode.Async : FlushMode.Sync;
        if (args.Count == 1) return true;
        if (args.Count == 2 && args[1].Is("sync"u8)) mode = FlushMode.Sync;
        else if (args.Count == 2 && args[1].Is("async"u8)) mode = FlushMode.Async;
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    private static void Report(Client client, in ArgVector args)
    {
        var sections = new List<string>();
        for (var i = 1; i < args.Count; i++) sections.Add(Encoding.Latin1.GetString(args[i]).ToLowerInvariant());
        client.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(new InfoReport(client.Server).Write(sections)));
    }

    private static void Time(Client client, in ArgVector args)
    {
        var micros = client.Server.Clock.NowMicros;
        client.Reply.ArrayHeader(2);
        client.Reply.BulkInteger(micros / 1_000_000);
        client.Reply.BulkInteger(micros % 1_000_000);
    }

    private static void Shutdown(Client client, in ArgVector args)
    {
        var options = ShutdownOptions.None;
        for (var i = 1; i < args.Count; i++)
        {
            var option = OptionOf(args[i]);
            if (option == ShutdownOptions.None)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return;
            }

            options |= option;
        }

        const ShutdownOptions both = ShutdownOptions.Save | ShutdownOptions.NoSave;
        var isAbort = (options & ShutdownOptions.Abort) != 0;
        if ((options & both) == both || (isAbort && options != ShutdownOptions.Abort))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (isAbort)
        {
            if (client.Server.Shutdown.TryAbort()) client.Reply.Ok();
            else client.Reply.Error("ERR No shutdown in progress."u8);
            return;
        }

        if (!client.Server.Shutdown.Begin(options, "User requested shutdown...")) client.Reply.Error("ERR Errors trying to SHUTDOWN. Check logs."u8);
    }

    private static ShutdownOptions OptionOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("save"u8)) return ShutdownOptions.Save;
        if (word.Is("nosave"u8)) return ShutdownOptions.NoSave;
        if (word.Is("now"u8)) return ShutdownOptions.Now;
        if (word.Is("force"u8)) return ShutdownOptions.Force;
        return word.Is("abort"u8) ? ShutdownOptions.Abort : ShutdownOptions.None;
    }
}
