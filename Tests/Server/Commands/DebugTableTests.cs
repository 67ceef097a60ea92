using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>DEBUG HTSTATS-KEY, whose slots no oracle can foretell.</summary>
internal sealed class DebugTableTests() : SharedServerFixture(("enable-debug-command", "yes"))
{
    private const int Members = 1000;

    [TestCase("SADD", "{0}")]
    [TestCase("SADD", "member:{0}")]
    [TestCase("HSET", "field:{0}", "v")]
    [TestCase("ZADD", "{0}", "member:{0}")]
    public void The_table_of_a_large_value_is_measured(string command, params string[] element)
    {
        Client.Ask("FLUSHALL");
        Client.Ask([command, "k", .. Enumerable.Range(0, Members).SelectMany(i => element.Select(part => string.Format(part, i)))]);
        var reply = Client.AskPayload("DEBUG", "HTSTATS-KEY", "k");

        Assert.That(reply, Does.Match($@"^Hash table 0 stats \(main hash table\):\n table size: (\d+)\n number of elements: {Members}\n$"));
        Assert.That(int.Parse(reply.Split("table size: ")[1].Split('\n')[0]), Is.InRange(Members, 20 * Members));
    }

    [TestCase("SADD k 1 2 3")]
    [TestCase("HSET k f v")]
    [TestCase("RPUSH k a b")]
    [TestCase("SET k v")]
    public void Other_values_have_none(string request)
    {
        Client.Ask("FLUSHALL");
        Client.AskLine(request);

        Assert.That(Client.Ask("DEBUG", "HTSTATS-KEY", "k"), Is.EqualTo("-ERR The value stored at the specified key is not represented using an hash table"));
    }
}
