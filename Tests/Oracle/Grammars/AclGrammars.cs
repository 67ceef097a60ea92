namespace KestrelFree.Tests.Oracle;

/// <summary>The rows of ACL: the forms of its arguments; what rules do is compared by <see cref="AclRuleTests"/>.</summary>
internal static class AclGrammars
{
    /// <summary>The command that makes users, whose words are minded when they have been spoilt.</summary>
    public const string SetUser = "ACL SETUSER";

    private static readonly string[] Neighbours = [SetUser, "ACL GETUSER", "ACL DELUSER", "ACL USERS", "ACL WHOAMI"];

    public static readonly CommandGrammar[] Rows =
    [
        new("ACL CAT", d => d.Many(0, 1, () => d.Pick("nosuch", "", "@read", new('c', 200)))) { Beside = ["PING"] },
        new("ACL DELUSER", d => d.Many(1, 3, () => User(d))) { Beside = Neighbours },
        new("ACL DRYRUN", d => [User(d), d.Pick("get", "SET", "nosuch", "config", "CLIENT", "ping"), .. d.Many(0, 2, () => WithoutNul(d.Key()))]) { Beside = Neighbours },
        new("ACL GENPASS", d => [d.Pick("0", "-1", "4097", "abc", "", "9223372036854775808")]) { Beside = ["PING"] },
        new("ACL GETUSER", d => [User(d)]) { Beside = Neighbours },
        new("ACL LIST", _ => []) { Beside = Neighbours },
        new("ACL LOAD", _ => []) { Beside = ["PING"] },
        new("ACL LOG", d => d.Many(0, 1, () => d.Pick(d.Word("RESET"), "0", "-1", "abc", "", "3"))) { Beside = ["PING"] },
        new("ACL SAVE", _ => []) { Beside = ["PING"] },
        new(SetUser, d => [User(d), .. new AclRuleDraw(d.Below(1_000_000)).Rules()]) { Beside = Neighbours },
        new("ACL USERS", _ => []) { Beside = Neighbours },
        new("ACL WHOAMI", _ => []) { Beside = Neighbours },
    ];

    /// <summary>Removes the words that open a selector inside of one: 7.0 forgets what was open, for 7.2 and later they are rules of it, and no valid ones.</summary>
    public static void RemoveInnerParentheses(List<string> words)
    {
        var isOpen = false;
        for (var at = 0; at < words.Count; at++)
        {
            var (opens, closes) = (words[at].StartsWith('('), words[at].EndsWith(')'));
            if (isOpen && opens && !closes) words.RemoveAt(at--);
            else isOpen = (isOpen || opens) && !closes;
        }
    }

    // The verdicts of redis 7.0 end at a NUL.
    private static string WithoutNul(string key) => key.Replace("\0", "", StringComparison.Ordinal);

    // Nobody changes the default user, who plays the scripts.
    private static string User(Draw d) => d.Pick("alice", "bob", "Bob", "\xff", "two words", "nul\0", "tab\t", "");
}
