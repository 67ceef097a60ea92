using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Commands.Docs;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// COMMAND DOCS against the oracle: which fields there are, versions, groups, flags, and the whole tree of arguments. Summaries, complexities, what a
// version changed and what replaces a command are our own words, so of these only the presence is compared (of history, the versions).

/// <summary>The documentation of every command that both servers have.</summary>
internal sealed class CommandDocsTests : OracleFixture
{
    private static readonly string[] Deprecation = ["doc_flags", "deprecated_since", "replaced_by"];
    private static readonly string[] Options = ["history", "arguments"];

    // What later versions than the oracle's document differently: why, which fields, of which commands.
    private static readonly (string Reason, string[] Fields, string[] Commands)[] Changed =
    [
        ("deprecated by 7.2", Deprecation, ["quit", "setnx", "setex", "psetex"]),
        ("7.2 documents the arguments", ["arguments"], ["command|getkeys", "command|getkeysandflags", "bitop"]),
        ("7.2 describes the same syntax with other blocks", ["arguments"], ["config|get", "module|loadex", "psubscribe", "xinfo|stream"]),
        ("7.2 names a released version", ["since"], ["client|pause"]),
        ("7.2 writes the empty token as two quotes", ["arguments"], ["migrate"]),
        ("7.2 makes them optional", ["arguments"], ["pfmerge", "geohash", "geopos"]),
        ("7.2 names the key specifications of STORE and STOREDIST", ["arguments"], ["georadius", "georadiusbymember"]),
        ("new in 7.2", Options, ["zrank", "zrevrank", "xinfo|consumers", "xinfo|stream", "acl|log"]),
        ("new in 7.4", Options, ["client|kill", "hscan"]),
        ("newer than 7.4", Options, ["client|list", "set", "bitop", "xadd", "xtrim", "xread", "xreadgroup", "zinter", "zinterstore", "zunion", "zunionstore", "geosearch", "geosearchstore"]),
    ];

    [Test]
    public void Every_command_of_the_oracle_is_documented_in_its_structure()
    {
        using var oracle = Pair.Oracle.Connect(3);
        oracle.SendRequest("COMMAND", "DOCS");
        var faults = new List<string>();
        foreach (var (name, theirs) in All(ReplyReader.ReadAll(oracle.ReadReply())[0]))
        {
            if (!CommandDocs.Has(name))
                faults.Add($"{name} is not in the file");
            else
                faults.AddRange(Differences(name, Fields(theirs), Fields(Written(name)), ["doc_flags", "deprecated_since", "replaced_by", "history", "arguments"]));
        }

        Assert.That(faults, Is.Empty, () => string.Join('\n', faults));
    }

    [Test]
    public void Every_command_of_ours_that_the_oracle_has_is_documented_alike()
    {
        using var ours = Pair.Ours.Connect(3);
        using var oracle = Pair.Oracle.Connect(3);
        ours.SendRequest("COMMAND", "DOCS");
        oracle.SendRequest("COMMAND", "DOCS");
        var theirs = All(ReplyReader.ReadAll(oracle.ReadReply())[0]).ToDictionary(pair => pair.Name, pair => Fields(pair.Docs));

        var faults = All(ReplyReader.ReadAll(ours.ReadReply())[0]).Where(pair => theirs.ContainsKey(pair.Name))
            .SelectMany(pair => Differences(pair.Name, theirs[pair.Name], Fields(pair.Docs), ["summary", "since", "group", "complexity", "doc_flags", "deprecated_since", "replaced_by", "history", "arguments"]));

        Assert.That(faults, Is.Empty, () => string.Join('\n', faults));
    }

    private static IEnumerable<string> Differences(string command, Dictionary<string, string> theirs, Dictionary<string, string> ours, string[] fields) =>
        fields.Except(Changed.Where(row => row.Commands.Contains(command)).SelectMany(row => row.Fields)).Where(field => theirs.GetValueOrDefault(field) != ours.GetValueOrDefault(field))
            .Select(field => $"{command} {field}\n    oracle {theirs.GetValueOrDefault(field)}\n    ours   {ours.GetValueOrDefault(field)}");

    /// <summary>What the file says of a command, whether the table has it or not.</summary>
    private static RespValue Written(string fullName)
    {
        var buffer = new ReplyBuffer(new BufferPool());
        var words = fullName.Split('|');
        var spec = words.Reverse().Aggregate((CommandSpec?)null, (inner, word) => inner is null
            ? new CommandSpec(word, static (_, in _) => { }) { Arity = 1, Since = "1.0.0", Group = "server" }
            : new CommandSpec(word, [inner]) { Arity = 1, Since = "1.0.0", Group = "server" });
        var command = new Command(spec!, container: null);
        DocsReply.Write(new ReplyWriter(buffer) { Version = 3 }, words.Length == 1 ? command : command.Subcommands[0]);
        return ReplyReader.ReadAll(buffer.ToArray())[1];
    }

    private static IEnumerable<(string Name, RespValue Docs)> All(RespValue map)
    {
        foreach (var (name, docs) in Pairs(map))
        {
            yield return (name, docs);
            foreach (var inner in Pairs(docs).Where(pair => pair.Name == "subcommands").SelectMany(pair => All(pair.Value)))
                yield return inner;
        }
    }

    private static Dictionary<string, string> Fields(RespValue docs) => Pairs(docs).ToDictionary(pair => pair.Name, pair => Shown(pair.Name, pair.Value));

    private static string Shown(string field, RespValue value) => field switch
    {
        "summary" or "complexity" or "replaced_by" => "present",
        "history" => string.Join(' ', value.Items.Select(entry => entry.Items[0].Text)),
        "doc_flags" => string.Join(' ', value.Items.Select(flag => flag.Text)),
        "arguments" => Arguments(value),
        "subcommands" => "present",
        _ => value.Text,
    };

    private static string Arguments(RespValue list) => string.Join(' ', list.Items.Select(Argument));

    // 7.2 gave many arguments other names, a text to display, and some tokens their lower case: these are not compared.
    private static string Argument(RespValue argument) => "{" + string.Join(", ", Pairs(argument).Where(pair => pair.Name is not ("display_text" or "name")).Select(pair => pair.Name switch
    {
        "arguments" => $"arguments: {Arguments(pair.Value)}",
        "flags" => $"flags: {string.Join('|', pair.Value.Items.Select(flag => flag.Text))}",
        "token" => $"token: {pair.Value.Text.ToUpperInvariant()}",
        _ => $"{pair.Name}: {pair.Value.Text}",
    })) + "}";

    private static IEnumerable<(string Name, RespValue Value)> Pairs(RespValue map) => map.Items.Chunk(2).Select(pair => (pair[0].Text, pair[1]));
}
