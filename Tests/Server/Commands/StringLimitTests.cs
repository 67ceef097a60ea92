using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>Strings at the limit of what one can hold, where proto-max-bulk-len allows more.</summary>
internal sealed class StringLimitTests : InProcessFixture
{
    [TestCase("SETRANGE", "k", "2147483647", "x")]
    [TestCase("SETRANGE", "k", "2147483648", "x")]
    [TestCase("SETRANGE", "k", "9223372036854775807", "x")]
    public void A_string_that_would_be_too_long_is_refused(params string[] request)
    {
        Assert.That(Client.Ask("CONFIG", "SET", "proto-max-bulk-len", "10gb"), Is.EqualTo("+OK"));

        Assert.That(Client.Ask(request), Is.EqualTo("-ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
        Assert.That(Client.Ask("SETBIT", "k", "34359738367", "1"), Is.EqualTo("-ERR bit offset is not an integer or out of range"));
        Assert.That(Client.Ask("DBSIZE"), Is.EqualTo(":0"));
    }
}
