using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>The filters of CLIENT LIST and CLIENT KILL that redis-server 7.0 does not have.</summary>
internal sealed class ClientFilterTests
{
    private InProcessServer _server = null!;
    private RawConnection _caller = null!;
    private RawConnection _named = null!;
    private RawConnection _subscriber = null!;

    [SetUp]
    public void Connect()
    {
        _server = new InProcessServer();
        _caller = _server.Connect();
        _named = _server.Connect();
        _subscriber = _server.Connect();
        _named.Ask("CLIENT", "SETNAME", "app");
        _named.Ask("CLIENT", "SETINFO", "LIB-NAME", "lib");
        _named.Ask("CLIENT", "SETINFO", "LIB-VER", "1.2");
        _named.Ask("SELECT", "3");
        _subscriber.Ask("SUBSCRIBE", "channel");
        _caller.Ask("CLIENT", "SETNAME", "caller");
    }

    [TearDown]
    public void Disconnect()
    {
        _caller.Dispose();
        _named.Dispose();
        _subscriber.Dispose();
        _server.Dispose();
    }

    [TestCase("NAME app", "app")]
    [TestCase("name caller", "caller")]
    [TestCase("NAME nosuch", "")]
    [TestCase("LIB-NAME lib LIB-VER 1.2", "app")]
    [TestCase("LIB-NAME lib LIB-VER 1.3", "")]
    [TestCase("DB 3", "app")]
    [TestCase("DB 0 SKIPME yes", "(none)")]
    [TestCase("FLAGS P", "(none)")]
    [TestCase("FLAGS N NAME app", "app")]
    [TestCase("FLAGS NP", "")]
    [TestCase("IP 127.0.0.1 SKIPME YES", "app,(none)")]
    [TestCase("IP 127.0.0.2", "")]
    [TestCase("CAPA r", "")]
    [TestCase("IDLE 1000000", "")]
    [TestCase("MAXAGE 1000000", "")]
    [TestCase("USER default TYPE normal", "caller,app")]
    [TestCase("TYPE pubsub USER default", "(none)")]
    [TestCase("SKIPME NO", "caller,app,(none)")]
    [TestCase("NOT-NAME app", "caller,(none)")]
    [TestCase("NOT-TYPE pubsub NOT-DB 3", "caller")]
    [TestCase("NOT-FLAGS P NOT-LIB-NAME lib", "caller")]
    [TestCase("NOT-USER default", "")]
    [TestCase("NOT-IP 127.0.0.2 NOT-LIB-VER 1.2 NOT-ADDR 1:1 NOT-LADDR 1:1 NOT-CAPA r", "caller,(none)")]
    [TestCase("NAME app NOT-NAME app", "")]
    [TestCase("FLAGS P FLAGS N NAME app", "app")]
    public void Clients_are_listed_that_fit_all(string filters, string names)
    {
        Assert.That(Listed(filters.Split(' ')), Is.EqualTo(names));
    }

    [Test]
    public void Numbers_are_a_filter_beside_others()
    {
        var (app, subscriber) = (_named.Ask("CLIENT", "ID")[1..], _caller.AskPayload("CLIENT", "LIST", "TYPE", "pubsub").Split(' ')[0]["id=".Length..]);

        Assert.That(Listed("TYPE", "normal", "ID", app), Is.EqualTo("app"));
        Assert.That(Listed("TYPE", "pubsub", "ID", app), Is.Empty);
        Assert.That(Listed("ID", subscriber, app, "TYPE", "normal"), Is.EqualTo("app"));
        Assert.That(Listed("NOT-ID", subscriber, app), Is.EqualTo("caller"));
        Assert.That(Listed("ID", subscriber, app, subscriber), Is.EqualTo("(none),app,(none)"), "numbers alone give the order");
    }

    [Test]
    public void Clients_are_killed_that_fit_all()
    {
        Assert.That(_caller.Ask("CLIENT", "KILL", "NAME", "app", "TYPE", "pubsub"), Is.EqualTo(":0"));
        Assert.That(_caller.Ask("CLIENT", "KILL", "NOT-DB", "3", "IP", "127.0.0.1"), Is.EqualTo(":1"), "the caller is spared");
        Assert.That(Listed(), Is.EqualTo("caller,app"));

        var ids = new[] { _caller.Ask("CLIENT", "ID")[1..], _named.Ask("CLIENT", "ID")[1..] };
        Assert.That(_caller.Ask(["CLIENT", "KILL", "ID", .. ids]), Is.EqualTo(":1"));
        Assert.That(Listed(), Is.EqualTo("caller"));
    }

    [TestCase("NAME", "-ERR syntax error")]
    [TestCase("NAME a DB", "-ERR syntax error")]
    [TestCase("DB x", "-ERR DB is not an integer or out of range")]
    [TestCase("DB 16", "-ERR DB number should be between 0 and 15")]
    [TestCase("FLAGS Nq", "-ERR Unknown flags found in the provided filter: Nq")]
    [TestCase("NOT-FLAGS q", "-ERR Unknown flags found in the NOT-FLAGS filter: q")]
    [TestCase("CAPA x", "-ERR Unknown capa found in the provided filter: x")]
    [TestCase("NOT-IDLE 1", "-ERR syntax error")]
    [TestCase("NOT-SKIPME yes", "-ERR syntax error")]
    [TestCase("ID 1 NAME", "-ERR syntax error")]
    [TestCase("ID 0 NAME app", "-ERR client-id should be greater than 0")]
    [TestCase("IDLE x", "-ERR idle is not an integer or out of range")]
    [TestCase("IDLE 0", "-ERR idle should be greater than 0")]
    [TestCase("MAXAGE 0", "-ERR maxage should be greater than 0")]
    [TestCase("USER nobody", "-ERR No such user 'nobody'")]
    [TestCase("SKIPME maybe", "-ERR syntax error")]
    public void What_is_no_filter_is_refused(string filters, string error) =>
        Assert.That(_caller.Ask(["CLIENT", "LIST", .. filters.Split(' ')]), Is.EqualTo(error));

    private string Listed(params string[] filters) =>
        string.Join(',', _caller.AskPayload(["CLIENT", "LIST", .. filters]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Name));

    private static string Name(string line)
    {
        var name = line.Split(' ').Single(field => field.StartsWith("name=", StringComparison.Ordinal))["name=".Length..];
        return name.Length == 0 ? "(none)" : name;
    }
}
