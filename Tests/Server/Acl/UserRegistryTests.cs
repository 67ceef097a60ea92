using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Acl;

/// <summary>What becomes of clients when their user's rights change, and who a client is.</summary>
[TestFixture]
internal sealed class UserRegistryTests
{
    private InProcessServer _server = null!;
    private RawConnection _admin = null!;

    [SetUp]
    public void Start()
    {
        _server = new InProcessServer();
        _admin = _server.Connect();
    }

    [TearDown]
    public void Stop()
    {
        _admin.Dispose();
        _server.Dispose();
    }

    [Test]
    public void A_blocked_request_is_judged_again_when_it_is_woken()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        using var alice = As("alice");
        alice.SendRequest("BLPOP", "k", "0");
        Eventually.True(() => _admin.AskPayload("INFO", "clients").Contains("blocked_clients:1\r", StringComparison.Ordinal), () => "not blocked");

        Set("alice", "-blpop");
        _admin.Ask("RPUSH", "k", "v");

        Assert.That(alice.ReadText(), Is.EqualTo("-NOPERM User alice has no permissions to run the 'blpop' command"));
        Assert.That(_admin.Ask("LLEN", "k"), Is.EqualTo(":1"));
    }

    // As since Redis 7.2; 7.0 forgets the first selector when a second one opens.
    [TestCase("(+get (~a:* )", "(+get (~a:* )")]
    [TestCase("(+get (~a:*) ~b:*", "(+get (~a:*)")]
    [TestCase("( ( )", "( ( )")]
    public void A_parenthesis_inside_a_selector_is_a_rule_that_there_is_not(string rules, string refused)
    {
        Assert.That(_admin.Ask(["ACL", "SETUSER", "alice", .. rules.Split(' ')]), Is.EqualTo($"-ERR Error in ACL SETUSER modifier '{refused}': Syntax error"));
        Assert.That(_admin.Ask("ACL", "GETUSER", "alice"), Is.EqualTo("$nil"));
    }

    [Test]
    public void Whoever_is_gone_takes_nothing_that_he_waited_for()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        using var alice = As("alice");
        alice.SendRequest("BLPOP", "k", "0");
        Eventually.True(() => _admin.AskPayload("INFO", "clients").Contains("blocked_clients:1\r", StringComparison.Ordinal), () => "not blocked");

        _admin.Send(RequestBytes.Pipeline([["ACL", "DELUSER", "alice"], ["RPUSH", "k", "v"], ["LLEN", "k"]]));

        Assert.That(new[] { _admin.ReadText(), _admin.ReadText(), _admin.ReadText() }, Is.EqualTo(new[] { ":1", ":1", ":1" }));
        Assert.That(alice.IsClosedByServer(Eventually.Patience), Is.True);
    }

    [Test]
    public void Whoever_removes_himself_gets_the_reply_first()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        using var alice = As("alice");

        Assert.That(alice.Ask("ACL", "DELUSER", "alice"), Is.EqualTo(":1"));

        Assert.That(alice.IsClosedByServer(Eventually.Patience), Is.True);
    }

    [Test]
    public void A_user_that_is_off_lets_nobody_in_but_puts_nobody_out()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        using var alice = As("alice");

        Set("alice", "off");

        Assert.That(alice.Ask("PING"), Is.EqualTo("+PONG"));
        Assert.That(alice.Ask("AUTH", "alice", "x"), Does.StartWith("-WRONGPASS "));
        Assert.That(alice.Ask("ACL", "WHOAMI"), Is.EqualTo("$\"alice\""));
    }

    [Test]
    public void Without_an_open_default_user_newcomers_have_to_authenticate()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        Set("default", "off");
        using var newcomer = _server.Connect();

        Assert.That(newcomer.Ask("PING"), Is.EqualTo("-NOAUTH Authentication required."));
        Assert.That(newcomer.Ask("AUTH", "default", "x"), Does.StartWith("-WRONGPASS "));
        Assert.That(newcomer.Ask("AUTH", "alice", "x"), Is.EqualTo("+OK"));
        Assert.That(newcomer.Ask("RESET"), Is.EqualTo("+RESET"));
        Assert.That(newcomer.Ask("PING"), Is.EqualTo("-NOAUTH Authentication required."));
    }

    [Test]
    public void Clients_are_killed_by_their_user()
    {
        Set("alice", "on", "nopass", "+@all", "~*");
        using var alice = As("alice");
        using var other = _server.Connect();

        Assert.That(_admin.Ask("CLIENT", "KILL", "USER", "nobody"), Is.EqualTo("-ERR No such user 'nobody'"));
        Assert.That(_admin.AskPayload("CLIENT", "LIST"), Does.Contain(" user=alice "));
        Assert.That(_admin.Ask("CLIENT", "KILL", "USER", "alice"), Is.EqualTo(":1"));

        Assert.That(alice.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(other.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Refusals_are_counted_by_their_reason()
    {
        Set("alice", "on", "nopass", "+get", "+publish", "+select", "~a", "db=0");
        using var alice = As("alice");
        foreach (var line in new[] { "PING", "GET b", "PUBLISH c m", "SELECT 1", "AUTH alice2 x" }) alice.AskLine(line);

        var figures = _admin.AskPayload("INFO", "stats").Split("\r\n").Where(line => line.StartsWith("acl_access_denied_", StringComparison.Ordinal));

        Assert.That(figures, Is.EqualTo(new[] { "auth:1", "cmd:1", "key:1", "channel:1", "db:1" }.Select(figure => "acl_access_denied_" + figure)));
    }

    [TestCase("GEORADIUS", "a", "1", "1", "1", "m", "STORE", "a", "STORE", "b")]
    [TestCase("GEORADIUS", "a", "1", "1", "1", "m", "STORE", "a", "STOREDIST", "b")]
    [TestCase("SORT", "a", "STORE", "a", "STORE", "b")]
    [TestCase("DELEX", "b")]
    [TestCase("MSETEX", "2", "a", "1", "b", "2")]
    [TestCase("XREAD", "STREAMS", "a", "b", "0", "0")]
    [TestCase("ZUNION", "2", "a", "b")]
    [TestCase("LMPOP", "2", "a", "b", "LEFT")]
    [TestCase("OBJECT", "ENCODING", "b")]
    [TestCase("MEMORY", "USAGE", "b")]
    [TestCase("WATCH", "a", "b")]
    public void No_key_escapes_by_a_word_that_is_said_twice(params string[] request)
    {
        Set("alice", "on", "nopass", "+@all", "~a");
        using var alice = As("alice");

        Assert.That(alice.Ask(request), Is.EqualTo("-NOPERM No permissions to access a key"));
    }

    [Test]
    public void Secrets_are_not_shown_by_the_slow_log_and_monitors()
    {
        _admin.Ask("CONFIG", "SET", "slowlog-log-slower-than", "0");
        using var monitor = _server.Connect();
        monitor.Ask("MONITOR");

        Set("alice", "on", ">secret1", "+@all");
        _admin.Ask("AUTH", "alice", "secret2");
        _admin.Ask("HELLO", "2", "AUTH", "alice", "secret3");
        _admin.Ask("CONFIG", "SET", "requirepass", "secret4");
        _admin.Ask("ACL", "GETUSER", "secret5");
        _admin.Ask("ACL", "DELUSER", "secret6");
        _admin.Ask("ECHO", "the end");

        var shown = new List<string>();
        do shown.Add(monitor.ReadText());
        while (!shown[^1].Contains("the end", StringComparison.Ordinal));
        Assert.That(string.Join('\n', shown) + _admin.Ask("SLOWLOG", "GET", "-1") + _admin.Ask("ACL", "LOG"), Does.Not.Contain("secret").And.Contain("(redacted)"));
    }

    private void Set(params string[] userAndRules) => Assert.That(_admin.Ask(["ACL", "SETUSER", .. userAndRules]), Is.EqualTo("+OK"));

    private RawConnection As(string user)
    {
        var client = _server.Connect();
        Assert.That(client.Ask("AUTH", user, "x"), Is.EqualTo("+OK"));
        return client;
    }
}
