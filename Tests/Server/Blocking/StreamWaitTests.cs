using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Blocking;

/// <summary>XREAD and XREADGROUP that wait: what wakes them, and what they are told.</summary>
internal sealed class StreamWaitTests : SharedServerFixture
{
    private readonly List<RawConnection> _waiting = [];

    [SetUp]
    public void Empty() => Client.Ask("FLUSHALL");

    [TearDown]
    public void Disconnect()
    {
        _waiting.ForEach(waiting => waiting.Dispose());
        _waiting.Clear();
        WaitForBlocked(0);
    }

    [Test]
    public void An_entry_wakes_everybody_who_waits_for_what_follows_the_last_one()
    {
        Client.AskLine("XADD s 1-0 f a");
        var first = Wait("XREAD BLOCK 0 STREAMS other s $ $");
        var second = Wait("XREAD BLOCK 60000 STREAMS s 1-0");

        Client.AskLine("XADD s 2-0 f b");

        Assert.That(first.ReadText(), Does.Contain("\"2-0\"").And.Not.Contain("\"1-0\""));
        Assert.That(second.ReadText(), Does.Contain("\"2-0\"").And.Not.Contain("\"1-0\""));
    }

    [Test]
    public void What_a_transaction_adds_is_read_at_once()
    {
        var waiting = Wait("XREAD BLOCK 0 STREAMS s 0");

        foreach (var line in new[] { "MULTI", "XADD s 1-0 f a", "DEL s", "XADD s 2-0 f b", "XADD s 3-0 f c", "EXEC" })
            Client.AskLine(line);

        Assert.That(waiting.ReadText(), Does.Contain("\"2-0\"").And.Contain("\"3-0\"").And.Not.Contain("\"1-0\""));
    }

    [TestCase("SET s x", "DEL s")]
    [TestCase("XGROUP CREATE s g $ MKSTREAM")]
    [TestCase("MULTI", "XADD s 1-0 f v", "DEL s", "EXEC")]
    [TestCase("XADD s 1-0 f v", "XDEL s 1-0")]
    public void What_brings_no_entry_does_not_end_the_waiting(params string[] lines)
    {
        Client.AskLine("XADD s 9-0 f v");
        var waiting = Wait("XREAD BLOCK 0 STREAMS s $");
        Client.AskLine("DEL s");
        foreach (var line in lines)
            Client.AskLine(line);

        Client.AskLine("XADD s 10-0 f v");

        Assert.That(waiting.ReadText(), Does.Contain("\"10-0\""));
    }

    [Test]
    public void The_time_runs_out()
    {
        Assert.That(Client.AskLine("XREAD BLOCK 1 STREAMS s $"), Is.EqualTo("*nil"));
    }

    [Test]
    public void Who_would_wait_in_a_transaction_gets_nothing()
    {
        Client.AskLine("MULTI");
        Client.AskLine("XREAD BLOCK 0 STREAMS s $");

        Assert.That(Client.AskLine("EXEC"), Is.EqualTo("*1\n  *nil"));
    }

    [Test]
    public void Consumers_get_an_entry_each_in_the_order_in_which_they_came()
    {
        Client.AskLine("XGROUP CREATE s g $ MKSTREAM");
        var (alice, bob) = (Wait("XREADGROUP GROUP g alice BLOCK 0 STREAMS s >"), Wait("XREADGROUP GROUP g bob BLOCK 0 COUNT 1 STREAMS s >"));

        Client.AskLine("XADD s 1-0 f v");
        Assert.That(alice.ReadText(), Does.Contain("\"1-0\""));
        Client.AskLine("XADD s 2-0 f v");
        Assert.That(bob.ReadText(), Does.Contain("\"2-0\""));

        Assert.That(Client.AskLine("XPENDING s g"), Does.Contain("\"alice\"").And.Contain("\"bob\""));
    }

    [TestCase("XGROUP DESTROY s g", "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [TestCase("DEL s", "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [TestCase("FLUSHALL", "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [TestCase("SET s x", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    public void A_consumer_learns_that_its_group_is_gone(string end, string error)
    {
        Client.AskLine("XGROUP CREATE s g $ MKSTREAM");
        var waiting = Wait("XREADGROUP GROUP g alice BLOCK 0 STREAMS s >");

        Client.AskLine(end);

        Assert.That(waiting.ReadText(), Is.EqualTo(error));
    }

    [Test]
    public void History_is_never_waited_for()
    {
        Client.AskLine("XGROUP CREATE s g $ MKSTREAM");

        Assert.That(Client.AskLine("XREADGROUP GROUP g alice BLOCK 0 STREAMS s 0"), Is.EqualTo("*1\n  *2\n    $\"s\"\n    *0"));
    }

    [Test]
    public void Who_claims_is_woken_when_what_is_pending_has_become_old_enough()
    {
        Deliver("1-0", "2-0");

        Assert.That(Client.AskLine("XREADGROUP GROUP g bob BLOCK 0 CLAIM 300 STREAMS s other > >"), Does.Contain("\"1-0\"").And.Contain("\"2-0\""));
        Assert.That(Client.AskLine("XPENDING s g"), Does.Contain("\"bob\"").And.Not.Contain("\"alice\""));
    }

    [Test]
    public void Who_claims_first_is_served_first()
    {
        Deliver("1-0");
        var (first, second) = (Wait("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000000 STREAMS s >"), Wait("XREADGROUP GROUP g carol BLOCK 0 CLAIM 1000000 STREAMS s >"));

        Client.AskLine("XCLAIM s g alice 0 1-0 IDLE 1000000 JUSTID");
        Assert.That(first.ReadText(), Does.Contain("\"1-0\""));
        Client.AskLine("XCLAIM s g alice 0 1-0 IDLE 1000000 JUSTID");

        Assert.That(second.ReadText(), Does.Contain("\"1-0\""));
    }

    [Test]
    public void What_was_delivered_since_is_claimed_by_who_waited_before()
    {
        Deliver();
        Client.AskLine("XADD s 1-0 f v");
        Client.AskLine("XGROUP SETID s g 1-0");
        var waiting = Wait("XREADGROUP GROUP g bob BLOCK 0 CLAIM 100 STREAMS s >");

        Client.AskLine("XGROUP SETID s g 0");
        Client.AskLine("XREADGROUP GROUP g alice STREAMS s >");

        Assert.That(waiting.ReadText(), Does.Contain("\"1-0\"").And.Not.Contain(":0\n"));
    }

    [Test]
    public void A_new_entry_wakes_who_waits_for_old_ones()
    {
        Deliver("1-0");
        var waiting = Wait("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000000 STREAMS s >");

        Client.AskLine("XADD s 2-0 f v");

        Assert.That(waiting.ReadText(), Does.Contain("\"2-0\"").And.Not.Contain("\"1-0\""));
    }

    [TestCase("XACK s g 1-0")]
    [TestCase("XDEL s 1-0")]
    [TestCase("XGROUP DELCONSUMER s g alice")]
    public void Who_claims_goes_on_waiting_when_the_old_entry_is_gone(string line)
    {
        Deliver("1-0");
        var waiting = Wait("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000000 STREAMS s >");
        foreach (var step in new[] { "MULTI", "XCLAIM s g alice 0 1-0 IDLE 1000000 JUSTID", line, "EXEC" })
            Client.AskLine(step);

        Client.AskLine("XADD s 2-0 f v");

        Assert.That(waiting.ReadText(), Does.Contain("\"2-0\"").And.Not.Contain("\"1-0\""));
    }

    [TestCase("1000000")]
    [TestCase("9223372036854775807")]
    public void The_time_of_who_claims_runs_out(string minIdle)
    {
        Deliver("1-0");

        Assert.That(Client.AskLine($"XREADGROUP GROUP g bob BLOCK 5 CLAIM {minIdle} STREAMS s >"), Is.EqualTo("*nil"));
    }

    private void Deliver(params string[] ids)
    {
        Client.AskLine("XGROUP CREATE s g 0 MKSTREAM");
        Client.AskLine("XGROUP CREATE other g 0 MKSTREAM");
        foreach (var id in ids)
            Client.AskLine($"XADD s {id} f v");
        Client.AskLine("XREADGROUP GROUP g alice STREAMS s >");
    }

    private RawConnection Wait(string line)
    {
        var connection = Server.Connect();
        connection.SendRequest(ByteText.SplitArguments(line));
        _waiting.Add(connection);
        WaitForBlocked(_waiting.Count);
        return connection;
    }

    private void WaitForBlocked(int count) =>
        Eventually.True(() => Client.AskPayload("INFO", "clients").Contains($"blocked_clients:{count}\r", StringComparison.Ordinal), () => $"not {count} clients wait");
}
