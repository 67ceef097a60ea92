using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>BZPOPMIN and its relatives: who is served, by what, and when not.</summary>
internal sealed class ZsetPopCommandsTests : InProcessFixture
{
    [TestCase("ZADD z 1 a 2 b")]
    [TestCase("ZINCRBY z 1 a")]
    [TestCase("RENAME other z")]
    [TestCase("COPY other z")]
    [TestCase("ZUNIONSTORE z 1 other")]
    [TestCase("ZRANGESTORE z other 0 -1")]
    public void Whatever_makes_the_set_serves_who_waits_for_it(string line)
    {
        Client.AskLine("ZADD other 1 a");
        using var waiting = Block("BZPOPMIN", "z", "60");
        Client.AskLine(line);

        Assert.That(waiting.ReadText(), Is.EqualTo("*3\n  $\"z\"\n  $\"a\"\n  $\"1\""));
        Assert.That(BlockedNow(), Is.Zero);
    }

    [Test]
    public void Who_waits_longest_is_served_first()
    {
        using var first = Block("BZPOPMIN", "z", "60");
        using var second = Block("BZPOPMAX", "y", "z", "60");
        using var third = Block("BZMPOP", "60", "2", "y", "z", "MIN", "COUNT", "2");
        Client.AskLine("ZADD z 1 a 2 b 3 c 4 d 5 e");

        Assert.That(first.ReadText(), Is.EqualTo("*3\n  $\"z\"\n  $\"a\"\n  $\"1\""));
        Assert.That(second.ReadText(), Is.EqualTo("*3\n  $\"z\"\n  $\"e\"\n  $\"5\""));
        Assert.That(third.ReadText(), Is.EqualTo("*2\n  $\"z\"\n  *2\n    *2\n      $\"b\"\n      $\"2\"\n    *2\n      $\"c\"\n      $\"3\""));
        Assert.That(Client.AskLine("ZRANGE z 0 -1"), Is.EqualTo("*1\n  $\"d\""));
    }

    [Test]
    public void A_key_of_another_type_serves_nobody()
    {
        using var waiting = Block("BZPOPMIN", "z", "60");
        Client.AskLine("SET z v");
        Client.AskLine("DEL z");
        Assert.That(BlockedNow(), Is.EqualTo(1));
        Client.AskLine("ZADD z 1 a");

        Assert.That(waiting.ReadText(), Does.StartWith("*3"));
    }

    [Test]
    public void A_set_that_is_gone_by_the_end_of_the_transaction_serves_nobody()
    {
        using var waiting = Block("BZPOPMIN", "z", "60");
        foreach (var line in new[] { "MULTI", "ZADD z 1 a", "DEL z", "EXEC" })
            Client.AskLine(line);
        Assert.That(BlockedNow(), Is.EqualTo(1));
        Client.AskLine("ZADD z 2 b");

        Assert.That(waiting.ReadText(), Is.EqualTo("*3\n  $\"z\"\n  $\"b\"\n  $\"2\""));
    }

    [Test]
    public void Within_a_transaction_nothing_is_waited_for()
    {
        Client.AskLine("MULTI");
        Client.AskLine("BZPOPMIN z 0");
        Client.AskLine("BZMPOP 0 1 z MAX");

        Assert.That(Client.AskLine("EXEC"), Is.EqualTo("*2\n  *nil\n  *nil"));
    }

    private RawConnection Block(params string[] request)
    {
        var blocked = BlockedNow();
        var waiting = Server.Connect();
        waiting.SendRequest(request);
        Eventually.True(() => BlockedNow() == blocked + 1, () => "the client does not block");
        return waiting;
    }
}
