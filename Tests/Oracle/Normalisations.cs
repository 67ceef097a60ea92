using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

/// <summary>What two right servers may say differently, and what it is replaced with before replies are compared.</summary>
/// <param name="Name">The name that the tally prints.</param>
/// <param name="Commands">The commands that it applies to, in lower case.</param>
/// <param name="Reason">Why the difference means nothing.</param>
/// <param name="Apply">Rewrites a reply's text (see <see cref="ReplyText"/>).</param>
internal sealed record Normalisation(string Name, string[] Commands, string Reason, Func<string, string> Apply);

/// <summary>The rows; a reply that is alike to the byte never meets them.</summary>
internal static partial class Normalisations
{
    public static readonly Normalisation[] All =
    [
        new("client id", ["client id"], "each server counts its own connections", text => Integer().Replace(text, ":<id>")),
        new("last save", ["lastsave"], "each server began in its own second", text => Integer().Replace(text, ":<seconds>")),
        new("users' rules", ["acl getuser", "acl list", "acl dryrun"], "7.0 does not remember rules and does not name users (AclRuleTests compare what they make)", AclRuleTests.Comparable),
        new("generated passwords", ["acl genpass"], "nobody should guess them", text => text.StartsWith("$\"", StringComparison.Ordinal) ? $"<{text.Length} characters>" : text),
        new("refusals", ["acl log"], "each server has its own clients; 7.2 added fields (a transcript covers them)", _ => "<entries>"),
        new("clock", ["time"], "the two are asked one after the other", text => BulkNumber().Replace(text, "$<number>")),
        new("HELLO id and version", ["hello"], "ids are per server; the version is what we claim to be", HelloFields),
        new("client fields", ["client list", "client info"], "ids, sockets, times and buffer sizes are the process's own", ClientLines),
        new("INFO headings", ["info"], "figures are the process's own; fields are compared by a test of their own", InfoHeadings),
        new("DEBUG OBJECT", ["debug object"], "addresses, shared integers, compressed lengths, nodes of lists and clocks are the process's own", text => DebugObject().Replace(text.Split(" ql_nodes:")[0], "$1:<own>")),
        new("COMMAND COUNT", ["command count"], "the servers have different sets of commands", text => Integer().Replace(text, ":<count>")),
        new("COMMAND INFO of all", ["command info"], "without names it lists every command; a test of its own compares them one by one", AllCommands),
        new("COMMAND LIST order", ["command list"], "Redis lists in the order of a seeded hash; each server has commands that the other lacks", CommandNames),
        new("CONFIG GET order", ["config get"], "Redis lists in the order of a seeded hash", SortedPairs),
        new("order of a hash", ["hgetall"], "fields of a table come in the order of a seeded hash", SortedPairs),
        new("order of a hash's parts", ["hkeys", "hvals"], "fields of a table come in the order of a seeded hash", SortedLines),
        new("order of keys", ["keys", "scan"], "keys come in the order of a seeded hash", SortedLines),
        new("random key", ["randomkey"], "each server draws its own; the distribution has a test of its own", text => text.StartsWith("$\"", StringComparison.Ordinal) ? "<key>" : text),
        new("idle time", ["object idletime"], "a second may end between the two", text => Integer().Replace(text, ":<seconds>")),
        new("DUMP's compression", ["dump"], "the compressors may choose different copies; what is compressed must be alike", DumpPayloads.Decoded),
        new("order of a scan", ["hscan", "sscan", "zscan"], "elements of a table come in the order of a seeded hash", SortedLines),
        new("order of a set", ["smembers", "sinter", "sunion", "sdiff", "spop"], "members come in the order of a seeded hash; 7.0 has no listpacks for sets", SortedLines),
        new("random choice", ["hrandfield", "srandmember"], "each server draws its own; the distribution has a test of its own", text => DrawnLine().Replace(text, "$<drawn>")),
        new("slow commands", ["slowlog get", "slowlog len"], "what is slow is the machine's own (a transcript covers the form)", _ => "<entries>"),
        new("latencies", ["latency histogram"], "how long commands take is the machine's own (LatencyHistogramTests cover the form)", _ => "<latencies>"),
        new("LATENCY DOCTOR", ["latency doctor"], "the words are each server's own", _ => "<advice>"),
        new("bytes of a key", ["memory usage"], "each server stores it in its own way (MemoryCommandsTests compare them with what they cost)", text => Integer().Replace(text, ":<bytes>")),
        new("figures of memory", ["memory stats", "memory doctor", "memory malloc-stats"], "they are each server's own, and so are the words", _ => "<figures>"),
        new("version", ["lolwut"], "each tells its own", _ => "<art>"),
        new("times of pending entries", ["xpending", "xinfo stream"], "the two are asked one after the other", text => PendingEntry().Replace(text, "$1:<ms>")),
        new("times of consumers", ["xinfo stream", "xinfo consumers"], "the two are asked one after the other; 7.2 added when one was active", text => Counts().Replace(ConsumerTimes().Replace(text, ""), "$1")),
        new("consumers that found nothing", ["xinfo stream", "xinfo groups", "xinfo consumers"], "7.2 makes them too when they read; a transcript covers it", WithoutIdleConsumers),
        new("lag of groups", ["xinfo stream", "xinfo groups"], "7.4.2 knows it, and what was read, in cases in which 7.0 does not or errs (a transcript covers it)", text => GroupProgress().Replace(text, "")),
        new("random choice with scores", ["zrandmember"], "each server draws its own; the distribution has a test of its own", text => DrawnScore().Replace(DrawnLine().Replace(text, "$<drawn>"), ",<drawn>")),
        new("working folder", ["config get", "config set"], "each server has a folder of its own", text => TempPath().Replace(text, "<folder>")),
    ];

    /// <summary>Both replies after every row that applies.</summary>
    public static (string Theirs, string Ours) Apply(Exchange exchange, Tally tally)
    {
        var (theirs, ours) = (Exchange.Show(exchange.Theirs), Exchange.Show(exchange.Ours));
        foreach (var row in All.Where(row => row.Commands.Contains(exchange.Command)))
        {
            if (theirs == ours || theirs[0] == '-' || ours[0] == '-') break;

            (theirs, ours) = (row.Apply(theirs), row.Apply(ours));
            tally.Normalised(row.Name);
        }

        return (theirs, ours);
    }

    private static string HelloFields(string text) =>
        FieldNumber().Replace(FieldVersion().Replace(text, "$1<version>\""), "$1<id>");

    /// <summary>Each line with the values of the process's own fields dropped, and the fields that 7.0 lacks dropped whole.</summary>
    private static string ClientLines(string text) => OwnField().Replace(NewerField().Replace(text, ""), "$1=");

    private static string InfoHeadings(string text) => string.Join(' ', Heading().Matches(text).Select(match => match.Value));

    private static string WithoutIdleConsumers(string text) =>
        string.Join('\n', ConsumerCount().Replace(IdleConsumer().Replace(text, ""), "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static string CommandNames(string text) =>
        string.Join(' ', text.Split('\n').Skip(1).Where(line => CommonCommands.Contains(line.Trim(' ', '$', '"'))).Order(StringComparer.Ordinal));

    private static string AllCommands(string text) => int.Parse(text.AsSpan(1, text.IndexOf('\n', StringComparison.Ordinal) - 1)) > 40 ? "<all>" : text;

    private static string SortedPairs(string text)
    {
        var lines = text.Split('\n');
        return $"{lines[0]} {string.Join(' ', lines.Skip(1).Chunk(2).Select(pair => string.Join(' ', pair)).Order(StringComparer.Ordinal))}";
    }

    private static string SortedLines(string text)
    {
        var lines = text.Split('\n');
        return string.Join('\n', lines.Take(1).Concat(lines.Skip(1).Order(StringComparer.Ordinal)));
    }

    /// <summary>Commands whose presence in a list is compared: those that this capability has.</summary>
    private static readonly HashSet<string> CommonCommands =
        [.. CommandGrammars.All.Select(row => row.Name.ToLowerInvariant().Replace(' ', '|')).Where(name => name != "client|setinfo"), "client", "config", "command", "debug", "slowlog", "latency", "memory"];

    [GeneratedRegex(@":\d+")]
    private static partial Regex Integer();

    [GeneratedRegex(@"\$""\d+""")]
    private static partial Regex BulkNumber();

    [GeneratedRegex(@"(\$""id""\n *:)\d+")]
    private static partial Regex FieldNumber();

    [GeneratedRegex(@"(\$""version""\n *\$"")[0-9.]+""")]
    private static partial Regex FieldVersion();

    [GeneratedRegex(@" (lib-name|lib-ver|watch|io-thread|tot-net-in|tot-net-out|tot-cmds)=[^ \\]*")]
    private static partial Regex NewerField();

    [GeneratedRegex(@"\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=[^ \\]*")]
    private static partial Regex OwnField();

    [GeneratedRegex("""\$"(?:[^"\\]|\\.)*""" + "\"")]
    private static partial Regex DrawnLine();

    [GeneratedRegex(@",\S+")]
    private static partial Regex DrawnScore();

    [GeneratedRegex(@"(Value at|refcount|serializedlength|lru|lru_seconds_idle):[0-9a-fx]+")]
    private static partial Regex DebugObject();

    // An id with, or in a consumer's own list without, the consumer's name, and the time behind it.
    [GeneratedRegex("""(\$"\d+-\d+"\n *(?:\$"[^\n]*"\n *)?):\d+(?=\n *:)""")]
    private static partial Regex PendingEntry();

    [GeneratedRegex("""\$"(?:seen-time|active-time|idle|inactive)"\n *:-?\d+\n? *""")]
    private static partial Regex ConsumerTimes();

    [GeneratedRegex("""\$"(?:entries-read|lag)"\n *(?::-?\d+|\$nil|_)\n? *""")]
    private static partial Regex GroupProgress();

    [GeneratedRegex("""\n *\$"name"\n *\$"[^\n]*"\n *\$"(?:pending|pel-count)"\n *:0(?:\n *\$"pending"\n *\*0)?(?=\n|$)""")]
    private static partial Regex IdleConsumer();

    [GeneratedRegex("""^\*\d+|\$"consumers"\n *[:*]\d+""")]
    private static partial Regex ConsumerCount();

    [GeneratedRegex(@"(^|\n) *([*%])\d+(?=\n *\$""name"")")]
    private static partial Regex Counts();

    [GeneratedRegex("# [A-Z][A-Za-z_]+")]
    private static partial Regex Heading();

    [GeneratedRegex("/[^\" ]*/kf-[A-Za-z0-9]+")]
    private static partial Regex TempPath();
}
