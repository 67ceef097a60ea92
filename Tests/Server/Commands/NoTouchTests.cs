using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>CLIENT NO-TOUCH, seen through LFU counters that every use raises (lfu-log-factor 0).</summary>
internal sealed class NoTouchTests : SharedServerFixture
{
    [OneTimeSetUp]
    public void Prepare()
    {
        var keyspace = Server.Server.Keyspace;
        Server.OnLoop(() => (keyspace.AccessPolicy, keyspace.LfuLogFactor, keyspace.LfuDecayMinutes) = (AccessPolicy.Lfu, 0, 0));
    }

    [TestCase("GET text")]
    [TestCase("STRLEN text")]
    [TestCase("GETRANGE text 0 1")]
    [TestCase("SETRANGE text 0 x")]
    [TestCase("SETBIT text 0 0")]
    [TestCase("EXPIRE text 1000")]
    [TestCase("HGET hash f")]
    [TestCase("HSET hash f v2")]
    [TestCase("SADD set b")]
    [TestCase("SMEMBERS set")]
    public void Commands_of_a_client_that_does_not_touch_leave_the_clock(string command)
    {
        var key = command.Split(' ')[1];
        Say("FLUSHALL", "SET text hello", "HSET hash f v", "SADD set a", "CLIENT NO-TOUCH ON", command, "CLIENT NO-TOUCH OFF");
        Assert.That(Say($"OBJECT FREQ {key}"), Is.EqualTo(":5"));
        Say(command);
        Assert.That(Say($"OBJECT FREQ {key}"), Is.Not.EqualTo(":5"));
    }

    [Test]
    public void TOUCH_touches_all_the_same()
    {
        Say("FLUSHALL", "SET text hello", "CLIENT NO-TOUCH ON", "TOUCH text", "CLIENT NO-TOUCH OFF");
        Assert.That(Say("OBJECT FREQ text"), Is.EqualTo(":6"));
    }

    private string Say(params string[] commands)
    {
        var reply = "";
        foreach (var command in commands) reply = Client.AskLine(command);

        return reply;
    }
}
