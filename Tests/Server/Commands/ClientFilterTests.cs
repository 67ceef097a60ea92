using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>The filters of CLIENT LIST that redis-server 7.0 does not have.</summary>
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
    public void Clients_are_listed_that_fit_all(string filters, string names)
    {
        var listed = _caller.AskPayload(["CLIENT", "LIST", .. filters.Split(' ')]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.That(string.Join(',', listed.Select(Name)), Is.EqualTo(names));
    }

    [Test]
    public void An_id_stands_for_a_filter_behind_another()
    {
        var id = _named.Ask("CLIENT", "ID")[1..];

        Assert.That(Name(_caller.AskPayload("CLIENT", "LIST", "TYPE", "normal", "ID", id)), Is.EqualTo("app"));
        Assert.That(_caller.AskPayload("CLIENT", "LIST", "TYPE", "pubsub", "ID", id), Is.Empty);
    }

    [TestCase("NAME", "-ERR syntax error")]
    [TestCase("NAME a DB", "-ERR syntax error")]
    [TestCase("DB x", "-ERR DB is not an integer or out of range")]
    [TestCase("DB 16", "-ERR DB index is out of range")]
    [TestCase("IDLE x", "-ERR idle is not an integer or out of range")]
    [TestCase("IDLE 0", "-ERR idle should be greater than 0")]
    [TestCase("MAXAGE 0", "-ERR maxage should be greater than 0")]
    [TestCase("USER nobody", "-ERR No such user 'nobody'")]
    [TestCase("SKIPME maybe", "-ERR syntax error")]
    public void What_is_no_filter_is_refused(string filters, string error) =>
        Assert.That(_caller.Ask(["CLIENT", "LIST", .. filters.Split(' ')]), Is.EqualTo(error));

    private static string Name(string line)
    {
        var name = line.Split(' ').Single(field => field.StartsWith("name=", StringComparison.Ordinal))["name=".Length..];
        return name.Length == 0 ? "(none)" : name;
    }
}
