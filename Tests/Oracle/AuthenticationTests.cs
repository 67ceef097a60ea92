using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>A server with a password against the oracle: what a stranger may do, and how a client gets in and out.</summary>
internal sealed class AuthenticationTests() : OracleFixture("--requirepass", "secret")
{
    [TestCase("PING", "GET k", "ECHO x", "nosuch", "GET", "COMMAND COUNT", "CLIENT ID", "SELECT 1", "RESET", "QUIT")]
    [TestCase("AUTH wrong", "AUTH secret", "PING", "AUTH secret", "AUTH wrong", "PING", "RESET", "PING")]
    [TestCase("AUTH default wrong", "AUTH nobody secret", "AUTH default secret", "PING", "AUTH nobody secret", "PING")]
    [TestCase("AUTH", "AUTH a b c", "AUTH default", "AUTH \"\"", "AUTH default \"\"", "PING")]
    [TestCase("HELLO", "HELLO 3", "HELLO 4", "HELLO 2 SETNAME x", "PING", "CLIENT GETNAME")]
    [TestCase("HELLO 3 AUTH default wrong", "PING", "HELLO 9 AUTH default secret", "PING", "HELLO 3 AUTH default", "HELLO 3 AUTH nobody x SETNAME y", "PING")]
    [TestCase("HELLO 3 AUTH default secret SETNAME me", "CLIENT GETNAME", "GET nosuch", "RESET", "GET nosuch", "HELLO 2 AUTH default secret", "GET nosuch")]
    [TestCase("HELLO 2 SETNAME \"bad name\"", "PING", "HELLO 2 AUTH default secret SETNAME me", "PING", "CLIENT GETNAME", "HELLO 3 SETNAME \"bad name\"", "CLIENT GETNAME")]
    public void The_replies_are_the_oracles(params string[] lines) => Compare([.. lines.Select(ByteText.SplitArguments)]);

    [Test]
    public void Generated_scripts_of_a_stranger_get_the_oracles_replies([Range(1, 40)] int seed)
    {
        var draw = new Draw(OracleSettings.SeedOf(seed));
        IReadOnlyList<IReadOnlyList<string>> requests =
        [
            .. draw.Many(30, 30, () => draw.Pick(CommandGrammars.All).Name).Where(name => name is not ("HELLO" or "AUTH" or "QUIT"))
                .Select(name => (string[])[.. CommandGrammars.Of(name).Words, .. CommandGrammars.Of(name).Arguments(draw)]),
        ];

        Compare(requests);
    }

    [Test]
    public void Config_set_of_a_password_locks_out_who_comes_later()
    {
        using var pair = new OraclePair();

        var ours = LockOut(pair.Ours);

        Assert.That(ours, Is.EqualTo(LockOut(pair.Oracle)));
    }

    private static string[] LockOut(ServerProcess server)
    {
        using var early = server.Connect();
        var set = early.Ask("CONFIG", "SET", "requirepass", "secret");
        using var late = server.Connect();
        return [set, early.Ask("PING"), late.Ask("PING"), late.Ask("AUTH", "secret"), late.Ask("PING"), late.Ask("CONFIG", "GET", "requirepass"), late.Ask("CONFIG", "SET", "requirepass", ""), server.Connect().Ask("PING")];
    }

    private void Compare(IReadOnlyList<IReadOnlyList<string>> requests)
    {
        var (theirs, ours) = (Replies(Pair.Oracle, requests), Replies(Pair.Ours, requests));
        var exchanges = requests.Select((request, at) => new Exchange(request, theirs[at], ours[at])).ToArray();

        Assert.That(Comparison.FirstMismatch(exchanges, new Tally()), Is.Null, () => new Script([], requests, []).ToString());
    }

    private static string[] Replies(ServerProcess server, IReadOnlyList<IReadOnlyList<string>> requests)
    {
        using var client = server.Connect();
        return OraclePair.Replies(client, requests, Pacing.OneByOne);
    }
}
