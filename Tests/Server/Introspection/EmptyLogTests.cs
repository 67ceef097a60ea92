using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>SLOWLOG and ACL LOG of length 0: nothing is logged, and so nothing is numbered either.</summary>
[TestFixture]
internal sealed class EmptyLogTests() : InProcessFixture(("slowlog-log-slower-than", "0"), ("slowlog-max-len", "0"))
{
    [Test]
    public void What_an_empty_slowlog_does_not_keep_takes_no_number()
    {
        for (var i = 0; i < 10; i++) Client.Ask("PING");
        Assert.That(Client.Ask("SLOWLOG", "LEN"), Is.EqualTo(":0"));

        Assert.That(Client.Ask("CONFIG", "SET", "slowlog-max-len", "10"), Is.EqualTo("+OK"));
        Assert.That(Client.Ask("SLOWLOG", "GET", "1"), Does.StartWith("*1\n  *6\n    :0\n"));
    }

    [Test]
    public void What_an_empty_acl_log_does_not_keep_takes_no_number()
    {
        Client.Ask("AUTH", "nobody", "x");
        Assert.That(Client.Ask("ACL", "LOG"), Does.Contain("$\"entry-id\"\n    :0\n"));

        Client.Ask("CONFIG", "SET", "acllog-max-len", "0");
        for (var i = 0; i < 3; i++) Client.Ask("AUTH", $"stranger-{i}", "x");
        Assert.That(Client.Ask("ACL", "LOG"), Is.EqualTo("*0"), "the first that is not logged takes along what was");
        Assert.That(Client.InfoNumber("acl_access_denied_auth"), Is.EqualTo(4), "statistics count them all");

        Client.Ask("CONFIG", "SET", "acllog-max-len", "10");
        Client.Ask("AUTH", "nobody-else", "x");
        Assert.That(Client.Ask("ACL", "LOG"), Does.Contain("$\"entry-id\"\n    :1\n"));
    }
}
