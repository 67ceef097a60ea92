using KestrelFree.Server.Acl;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>COMMAND INFO against the oracle, command by command: arity, flags, keys, categories, key specs, subcommands.</summary>
internal sealed class CommandTableTests : OracleFixture
{
    private static readonly string[] Names = [.. CommandGrammars.All.Select(row => row.Name.ToLowerInvariant().Replace(' ', '|'))];

    private const int Arity = 1;
    private const int Flags = 2;
    private const int Categories = 6;
    private const int Tips = 7;
    private const int KeySpecs = 8;

    // The elements of a description that later versions changed for a command, and why they are not compared.
    private static readonly Dictionary<string, (string Reason, int[] Elements)> Changed = new()
    {
        ["client|setname"] = ("7.2 added tips for cluster clients", [Tips]),
        ["acl|deluser"] = ("7.2 added tips for cluster clients", [Tips]),
        ["acl|save"] = ("7.2 added tips for cluster clients", [Tips]),
        ["acl|setuser"] = ("7.2 added tips for cluster clients", [Tips]),
        ["config|resetstat"] = ("7.2 added tips for cluster clients", [Tips]),
        ["config|rewrite"] = ("7.2 added tips for cluster clients", [Tips]),
        ["command|getkeys"] = ("7.2 admits a command without arguments", [Arity]),
        ["command|getkeysandflags"] = ("7.2 admits a command without arguments", [Arity]),
        ["latency|reset"] = ("7.2 has cluster clients add the counts up", [Tips]),
        ["randomkey"] = ("7.2 added a tip for cluster clients", [Tips]),
        ["scan"] = ("7.2 added a tip for cluster clients", [Tips]),
        ["msetnx"] = ("7.2 took its tips away: it must stay atomic", [Tips]),
        ["wait"] = ("7.2 calls it blocking, and adds tips", [Flags, Categories, Tips]),
        ["blmove"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["blpop"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["brpop"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["brpoplpush"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["bzpopmax"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["bzpopmin"] = ("7.2 lets scripts call it, as it never waits there", [Flags]),
        ["sinterstore"] = ("7.2 says that it overwrites, without reading", [KeySpecs]),
        ["set"] = ("later versions send no notes", [KeySpecs]),
        ["sort"] = ("later versions send no notes", [KeySpecs]),
        ["sort_ro"] = ("later versions send no notes", [KeySpecs]),
        ["getex"] = ("later versions send no notes", [KeySpecs]),
        ["zrank"] = ("7.2 added WITHSCORE", [Arity]),
        ["zrevrank"] = ("7.2 added WITHSCORE", [Arity]),
        ["bitfield"] = ("later versions send no notes", [KeySpecs]),
        ["xadd"] = ("later versions send no notes", [KeySpecs]),
        ["pfcount"] = ("later versions send no notes", [KeySpecs]),
    };

    [TestCaseSource(nameof(Names))]
    public void A_command_is_described_as_the_oracle_does(string name)
    {
        var theirs = Description(Pair.Oracle, name);
        if (theirs.EndsWith("nil", StringComparison.Ordinal)) Assert.Ignore("the oracle lacks it");

        Assert.That(Description(Pair.Ours, name), Is.EqualTo(theirs));
    }

    [Test]
    public void Every_command_that_we_list_and_the_oracle_has_is_described_alike()
    {
        using var ours = Pair.Ours.Connect();
        using var oracle = Pair.Oracle.Connect();
        var names = ours.Ask("COMMAND", "LIST").Split('\n').Skip(1).Select(line => line.Trim(' ', '$', '"')).Order(StringComparer.Ordinal);

        var different = names.Where(name => Description(Pair.Oracle, name) is var theirs && !theirs.EndsWith("nil", StringComparison.Ordinal) && Description(Pair.Ours, name) != theirs);

        Assert.That(different, Is.Empty);
    }

    [Test]
    public void What_the_oracle_has_and_we_have_not_is_known_to_come()
    {
        var ours = FullNames(Pair.Ours);

        Assert.That(FullNames(Pair.Oracle).Except(ours).Except(CommandsToCome.All), Is.Empty);
        Assert.That(CommandsToCome.All.Intersect(ours), Is.Empty);
    }

    [Test]
    public void Rules_may_name_what_is_to_come_and_are_kept_as_the_oracle_keeps_them()
    {
        string[] users =
        [
            "ACL SETUSER later on nopass ~* +@all -eval -EvalSha -cluster +cluster|slots -script|flush",
            "ACL SETUSER later -@all +get +eval +cluster|info -cluster|INFO +cluster",
        ];

        foreach (var request in users)
        {
            Assert.That(Rules(Pair.Ours, request), Is.EqualTo(Rules(Pair.Oracle, request)), request);
        }

        Assert.That(Reply(Pair.Ours, "ACL SETUSER later +cluster|nosuch"), Is.EqualTo(Reply(Pair.Oracle, "ACL SETUSER later +cluster|nosuch")));
        Assert.That(Reply(Pair.Ours, "ACL SETUSER later -evals"), Is.EqualTo(Reply(Pair.Oracle, "ACL SETUSER later -evals")));
    }

    // The rules about commands that come of a request; 7.0 put those about single commands into an order of its own.
    private static IEnumerable<string> Rules(ServerProcess server, string request)
    {
        Assert.That(Reply(server, request), Is.EqualTo("+OK"));
        using var client = server.Connect();
        var lines = client.AskLine("ACL GETUSER later").Split('\n');
        return lines[Array.FindIndex(lines, line => line.Contains("\"commands\"")) + 1].Trim(' ', '$', '"').Split(' ').Order(StringComparer.Ordinal);
    }

    private static string Reply(ServerProcess server, string request)
    {
        using var client = server.Connect();
        return client.AskLine(request);
    }

    private static HashSet<string> FullNames(ServerProcess server)
    {
        using var client = server.Connect();
        var names = Listed(client, "COMMAND", "LIST");
        foreach (var container in names.ToArray().Where(name => name is "cluster" or "function" or "script" or "acl" or "client" or "config" or "object" or "xinfo"))
        {
            client.SendRequest("COMMAND", "INFO", container);
            names.UnionWith(client.ReadText().Split('\n').Select(line => line.Trim(' ', '$', '"')).Where(line => line.StartsWith(container + '|', StringComparison.Ordinal)));
        }

        return names;
    }

    private static HashSet<string> Listed(RawConnection client, params string[] request) =>
        [.. client.Ask(request).Split('\n').Skip(1).Select(line => line.Trim(' ', '$', '"'))];

    /// <summary>
    /// The elements of a description, without those that changed: flags, categories and tips in alphabetical order, since they are sets;
    /// subcommands are left out, since they are described by themselves.
    /// </summary>
    private static string Description(ServerProcess server, string name)
    {
        using var client = server.Connect();
        client.SendRequest("COMMAND", "INFO", name);
        var elements = Elements(client.ReadText().Split('\n'));
        var leftOut = Changed.TryGetValue(name, out var change) ? change.Elements : [];
        return string.Join('\n', elements.Take(9).Where((_, at) => !leftOut.Contains(at)));
    }

    private static IEnumerable<string> Elements(string[] reply)
    {
        if (reply.Length == 2) return [reply[1]];

        // The reply is an array of one array: its elements are indented by four, what belongs to them by more.
        var starts = Enumerable.Range(0, reply.Length).Where(at => reply[at].StartsWith("    ", StringComparison.Ordinal) && reply[at][4] != ' ').Append(reply.Length).ToArray();
        return starts.Zip(starts.Skip(1), (from, to) => string.Join('\n', SortedSimpleStrings(reply[from..to])));
    }

    private static IEnumerable<string> SortedSimpleStrings(string[] lines) =>
        lines.All(line => line.TrimStart()[0] is '+' or '*' or '~') ? lines.Order(StringComparer.Ordinal) : lines;
}
