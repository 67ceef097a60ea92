using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// ACL_SCRIPTS chooses how many scripts, ORACLE_SEED which; the case is the seed of ten of them. The oracle describes commands in another way, since it
// does not remember rules: it turns bits back into words. So a user's commands are compared by what they allow, and its description by what it makes of a
// new user there.

/// <summary>Random rules make the same users as the oracle's: same refusals, same descriptions, same verdicts over random requests.</summary>
internal sealed partial class AclRuleTests : OracleFixture
{
    private const int ScriptsPerCase = 10;
    private const int RequestsPerUser = 25;

    private static readonly int Cases = Setting("ACL_SCRIPTS", 120) / ScriptsPerCase;

    private static readonly IEnumerable<int> Seeds = Enumerable.Range(Setting("ORACLE_SEED", 1), Cases);

    [TestCaseSource(nameof(Seeds))]
    public void The_same_rules_make_the_same_user(int seed)
    {
        using var theirs = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();
        for (var at = 0; at < ScriptsPerCase; at++)
        {
            var script = Script(seed * ScriptsPerCase + at);
            var (expected, actual) = (OraclePair.Replies(theirs, script, Pacing.Pipelined), OraclePair.Replies(ours, script, Pacing.Pipelined));
            for (var step = 0; step < script.Count; step++)
            {
                var request = string.Join(' ', script[step].Select(word => $"\"{word}\""));
                Assert.That(Comparable(Exchange.Show(actual[step])), Is.EqualTo(Comparable(Exchange.Show(expected[step]))), () => $"seed {seed}, script {at}: {request}\n{Told(script, step)}");
            }
        }
    }

    [TestCaseSource(nameof(Seeds))]
    public void A_description_makes_the_same_user_again_here_and_there(int seed)
    {
        using var theirs = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();
        var draw = new AclRuleDraw(~OracleSettings.SeedOf(seed));
        ours.Ask("ACL", "DELUSER", "first", "again");
        theirs.Ask("ACL", "DELUSER", "again");
        ours.Ask("ACL", "SETUSER", "first");
        for (var more = 0; more < 6; more++) ours.Ask(["ACL", "SETUSER", "first", .. draw.Rules()]);

        string[] rules = [.. ours.Ask("ACL", "LIST").Split('\n').Single(line => line.Contains("user first ", StringComparison.Ordinal)).Trim().TrimEnd('"').Split(' ').Skip(2)];

        Assert.That(ours.Ask(["ACL", "SETUSER", "again", .. rules]), Is.EqualTo("+OK"), string.Join(' ', rules));
        Assert.That(theirs.Ask(["ACL", "SETUSER", "again", .. rules]), Is.EqualTo("+OK"), string.Join(' ', rules));
        Assert.That(ours.Ask("ACL", "GETUSER", "again"), Is.EqualTo(ours.Ask("ACL", "GETUSER", "first")));
        for (var more = 0; more < RequestsPerUser * 2; more++)
        {
            var request = draw.Request();
            var verdict = Comparable(ours.Ask(["ACL", "DRYRUN", "first", .. request]));
            Assert.That(Comparable(ours.Ask(["ACL", "DRYRUN", "again", .. request])), Is.EqualTo(verdict), string.Join(' ', rules));
            Assert.That(Comparable(theirs.Ask(["ACL", "DRYRUN", "again", .. request])), Is.EqualTo(verdict), () => $"{string.Join(' ', rules)}: {string.Join(' ', request)}");
        }
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    private static List<string[]> Script(int seed)
    {
        var draw = new AclRuleDraw(OracleSettings.SeedOf(seed));
        var script = new List<string[]> { (string[])["ACL", "DELUSER", "u"] };
        for (var change = 0; change < 5; change++)
        {
            script.Add(["ACL", "SETUSER", "u", .. draw.Rules()]);
            script.Add(["ACL", "GETUSER", "u"]);
            script.Add(["ACL", "LIST"]);
            for (var request = 0; request < RequestsPerUser / 5; request++) script.Add(["ACL", "DRYRUN", "u", .. draw.Request()]);
        }

        return script;
    }

    private static string Told(List<string[]> script, int until) =>
        string.Join('\n', script.Take(until).Where(words => words[1] == "SETUSER").Select(words => string.Join(' ', words.Select(word => $"\"{word}\""))));

    /// <summary>A reply about users without what the oracle's version says otherwise.</summary>
    // The oracle says "This user", does not remember rules, is silent about checks of payloads unless they were asked for, writes a
    // pattern in a way that it could not read back, and lists every user that other cases have made.
    internal static string Comparable(string reply)
    {
        var text = Sanitizing().Replace(CommandRules().Replace(UserNamed().Replace(reply, "This user has no permissions"), "<commands>"), "").Replace("%RW~*", "~*", StringComparison.Ordinal);
        return string.Join('\n', text.Split('\n').Where(line => !OtherUser().IsMatch(line) && !Header().IsMatch(line)));
    }

    [GeneratedRegex(@"User .* has no permissions")]
    private static partial Regex UserNamed();

    [GeneratedRegex(@"\n\s+\$""sanitize-payload""|(?<=o[nf]f? (nopass )?)sanitize-payload ")]
    private static partial Regex Sanitizing();

    [GeneratedRegex(@"^ *[*~]\d+$")]
    private static partial Regex Header();

    [GeneratedRegex(@"[+-]@all[^)""\n]*")]
    private static partial Regex CommandRules();

    [GeneratedRegex(@"""user (?!u )")]
    private static partial Regex OtherUser();
}
