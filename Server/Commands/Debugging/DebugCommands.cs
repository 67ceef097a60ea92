using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// DEBUG is one command to the table and to ACL rules; its subcommands are the rows below, from which HELP is made as well. A subcommand given a
// wrong number of arguments is as unknown as one of a wrong name.

/// <summary>DEBUG: what tests need and users should not; behind enable-debug-command.</summary>
internal static class DebugCommands
{
    private const int Any = int.MaxValue;

    internal static readonly CommandSpec[] Table =
    [
        new("debug", Debug)
        {
            Arity = -2, Flags = Admin | NoScript | Loading | Stale | Protected, Since = "1.0.0", Group = "server",
            Summary = "A container for commands that look into or disturb the server, for tests.", Complexity = "Depends on the subcommand",
        },
    ];

    private static readonly Subcommand[] Rows =
    [
        new("aof-flush-sleep", 1, 1, DebugAof.FlushSleep, "<microseconds>", "Pause before each write to the append-only file."),
        new("assert", 0, Any, DebugCrash.Assert, "", "Fail an assertion: the server logs a report and ends."),
        new("change-repl-id", 0, 0, ChangeReplicationId, "", "Begin another replication history."),
        new("config-rewrite-force-all", 0, 0, static (client, in _) => ConfigCommands.RewriteAll(client), "", "Rewrite the configuration file with every directive, defaults included."),
        new("crash-at", 1, 1, DebugCrash.At, "<step>", "End as by kill -9 at a step of a save or rewrite: " + DebugCrash.Steps + "."),
        new("digest", 0, 0, DebugDigest.All, "", "Reply a digest of all data, equal for equal data."),
        new("digest-value", 0, Any, DebugDigest.Values, "[<key> ...]", "Reply a digest of the value of each key."),
        new("error", 1, 1, Error, "<text>", "Reply an error."),
        new("htstats", 1, Any, DebugKeyspace.TableStatistics, "<database> [full]", "Reply how a database's table is filled."),
        new("htstats-key", 1, Any, DebugKeyspace.ValueStatistics, "<key> [full]", "Reply how the table of a key's value is filled."),
        new("leak", 1, 1, static (client, in _) => client.Reply.Ok(), "<text>", "Do nothing: no memory can be leaked here."),
        new("listpack", 1, 1, DebugList.Listpack, "<key>", "Print the listpack that a key's value is."),
        new("log", 1, 1, Log, "<text>", "Write a line to the log."),
        new("object", 1, 1, DebugKeyspace.Object, "<key>", "Reply how a key's value is stored."),
        new("panic", 0, Any, DebugCrash.Panic, "", "End as after a fatal error, with a report in the log."),
        new("loadaof", 0, Any, DebugAof.Load, "", "Write what was fed to the append-only file, flush the data and load the file."),
        new("pause-cron", 1, 1, PauseCron, "<0|1>", "Stop what happens periodically, or go on with it."),
        new("populate", 1, 3, DebugKeyspace.Populate, "<count> [<prefix>] [<size>]", "Add keys that are not there yet, with strings of a size."),
        new("protocol", 1, 1, static (client, in args) => DebugProtocol.Execute(client, args[2]), "<type>", "Reply a fixed value of a wire type."),
        new("quicklist", 1, 2, DebugList.Quicklist, "<key> [<0|1>]", "Print the nodes of a key's list; with 1 the elements in them too."),
        new("quicklist-packed-threshold", 1, 1, DebugList.PackedThreshold, "<size>", "From how many bytes on an element of a list is in no listpack; 0 goes back to the default."),
        new("reload", 0, Any, DebugReload.Execute, "[MERGE] [NOFLUSH] [NOSAVE]", "Save, flush and load the data again; or not save, not flush, let what is loaded take the place of what is there."),
        new("replybuffer", 2, 2, ReplyBuffers, "(PEAK-RESET-TIME <ms>|NEVER|RESET)|(RESIZING <0|1>)", "How long a peak of a client's reply buffer counts, and whether the buffers follow it."),
        new("sdslen", 1, 1, DebugKeyspace.Lengths, "<key>", "Reply the lengths of a key and its string."),
        new("segfault", 0, Any, DebugCrash.Segfault, "", "Write to an address that is not mapped: the server logs a report and ends."),
        new("set-active-expire", 1, 1, SetActiveExpire, "<0|1>", "With 0 keys past their time are deleted only when somebody asks for them."),
        new("set-skip-checksum-validation", 1, 1, SetSkipChecksums, "<0|1>", "With 1 the checksums of snapshot files and of RESTORE's payloads are not looked at."),
        new("sleep", 1, 1, Sleep, "<seconds>", "Block the whole server for that long; fractions are allowed."),
        new("snapshot", 0, 1, DebugSnapshot.Execute, "[WAIT|CANCEL]", "Walk a fork of all data on a thread of its own, or stop doing so; WAIT replies its keys, its checksum and the bytes kept for it."),
        new("stringmatch-len", 2, 2, MatchLength, "<length> <pattern>", "Match a glob with a string of that length."),
        new("validate", 0, 0, DebugKeyspace.Validate, "", "Check all that the structures of the data promise; the server ends with a report where one is broken."),
    ];

    private static void Debug(Client client, in ArgVector args)
    {
        if (args.Count == 2 && args[1].Is("help"u8))
        {
            HelpReply.Write(client, "DEBUG", [.. Rows.SelectMany(row => new[] { $"{row.Name.ToUpperInvariant()} {row.Usage}".TrimEnd(), "    " + row.Does })]);
            return;
        }

        foreach (var row in Rows)
        {
            if (!CommandTable.NameEquals(row.Name, args[1]) || args.Count - 2 < row.Least || args.Count - 2 > row.Most) continue;
            row.Handler(client, args);
            return;
        }

        HelpReply.PointTo(client, "DEBUG", args[1]);
    }

    /// <summary>Reads a switch as C's atoi does: whatever begins with a number other than 0 is on.</summary>
    internal static bool IsOn(ReadOnlySpan<byte> argument) => argument.TrimStart(" +-0"u8) is [>= (byte)'1' and <= (byte)'9', ..];

    // Blocks the loop on purpose: that is what it is for.
    private static void Sleep(Client client, in ArgVector args)
    {
        if (Numbers.TryParseDouble(args[2], out var duration) && duration > 0) Thread.Sleep(TimeSpan.FromSeconds(Math.Min(duration, 1e6)));
        client.Reply.Ok();
    }

    private static void Log(Client client, in ArgVector args)
    {
        client.Server.Log.Warning($"DEBUG LOG: {Encoding.UTF8.GetString(args[2])}");
        client.Reply.Ok();
    }

    // The text is replied as it is, without a code of ours, and is no error of the server's to count.
    private static void Error(Client client, in ArgVector args)
    {
        byte[] line = [(byte)'-', .. args[2], .. "\r\n"u8];
        line.AsSpan(1, args[2].Length).Replace((byte)'\r', (byte)' ');
        line.AsSpan(1, args[2].Length).Replace((byte)'\n', (byte)' ');
        client.Reply.Raw(line);
    }

    private static void PauseCron(Client client, in ArgVector args)
    {
        client.Server.Cron.IsPaused = IsOn(args[2]);
        client.Reply.Ok();
    }

    private static void SetActiveExpire(Client client, in ArgVector args)
    {
        client.Server.Expiry.IsEnabled = IsOn(args[2]);
        client.Reply.Ok();
    }

    private static void SetSkipChecksums(Client client, in ArgVector args)
    {
        client.Server.Loader.SkipsChecksums = IsOn(args[2]);
        client.Reply.Ok();
    }

    private static void ChangeReplicationId(Client client, in ArgVector args)
    {
        client.Server.Log.Notice("Changing replication IDs after receiving DEBUG change-repl-id");
        client.Server.ChangeReplicationId();
        client.Reply.Ok();
    }

    private static void ReplyBuffers(Client client, in ArgVector args)
    {
        var sizes = client.Server.ReplyBuffers;
        if (args[2].Is("resizing"u8))
        {
            sizes.IsEnabled = IsOn(args[3]);
        }
        else if (!args[2].Is("peak-reset-time"u8))
        {
            HelpReply.PointTo(client, "DEBUG", args[1]);
            return;
        }
        else if (args[3].Is("never"u8))
        {
            sizes.PeakMs = -1;
        }
        else if (args[3].Is("reset"u8))
        {
            sizes.PeakMs = ReplyBufferSizes.DefaultPeakMs;
        }
        else
        {
            if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var peakMs)) return;
            sizes.PeakMs = peakMs;
        }

        client.Reply.Ok();
    }

    private static void MatchLength(Client client, in ArgVector args)
    {
        const int longest = 1 << 24;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var length)) return;
        if (length is < 0 or > longest)
        {
            client.Reply.Error("ERR value is out of range, must be positive"u8);
            return;
        }

        var subject = new byte[length];
        subject.AsSpan().Fill((byte)'a');
        client.Reply.Integer(Glob.IsMatch(args[3], subject, CaseSensitivity.Sensitive) ? 1 : 0);
    }

    /// <summary>A row: a name, how many arguments may follow it, who handles it, and what HELP says.</summary>
    private sealed record Subcommand(string Name, int Least, int Most, CommandHandler Handler, string Usage, string Does);
}
