using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>XREAD and XREADGROUP with MAXCOUNT and MAXSIZE: the limits of a whole reply.</summary>
internal sealed partial class StreamReadLimitTests : SharedServerFixture
{
    // What an entry takes in a reply: *2, $3 1-0, *2, $1 f and $1 v.
    private const int EntryBytes = 4 + 9 + 4 + 7 + 7;

    [SetUp]
    public void Fill()
    {
        Ask("FLUSHALL", "HELLO 2");
        foreach (var key in (string[])["a", "b", "c"])
        {
            Ask($"XGROUP CREATE {key} g 0 MKSTREAM");
            for (var i = 1; i <= 3; i++) Ask($"XADD {key} {i}-0 f v");
        }
    }

    [TestCase("MAXCOUNT 1", "a 1-0")]
    [TestCase("MAXCOUNT 3", "a 1-0 2-0 3-0")]
    [TestCase("MAXCOUNT 4", "a 1-0 2-0 3-0 b 1-0")]
    [TestCase("MAXCOUNT 9", "a 1-0 2-0 3-0 b 1-0 2-0 3-0 c 1-0 2-0 3-0")]
    [TestCase("COUNT 2 MAXCOUNT 3", "a 1-0 2-0 b 1-0")]
    [TestCase("MAXCOUNT 5 COUNT 2", "a 1-0 2-0 b 1-0 2-0 c 1-0")]
    [TestCase("COUNT 2 MAXCOUNT 2", "a 1-0 2-0")]
    [TestCase("COUNT 0 MAXCOUNT 4", "a 1-0 2-0 3-0 b 1-0")]
    [TestCase("COUNT -1 MAXCOUNT 1", "a 1-0")]
    [TestCase("MAXCOUNT 9223372036854775807 MAXSIZE 9223372036854775807", "a 1-0 2-0 3-0 b 1-0 2-0 3-0 c 1-0 2-0 3-0")]
    [TestCase("MAXSIZE 1", "a 1-0")]
    [TestCase("MAXSIZE 1000", "a 1-0 2-0 3-0 b 1-0 2-0 3-0 c 1-0 2-0 3-0")]
    [TestCase("MAXSIZE 1 MAXCOUNT 2", "a 1-0")]
    [TestCase("MAXSIZE 1000 MAXCOUNT 2", "a 1-0 2-0")]
    [TestCase("maxcount 7 MaxCount 1", "a 1-0")]
    public void The_streams_are_read_in_their_order_until_a_limit_is_reached(string limits, string read)
    {
        Assert.That(Read(Ask($"XREAD {limits} STREAMS a b c 0 0 0")), Is.EqualTo(read));
        Assert.That(Read(Ask($"XREADGROUP GROUP g bob {limits} STREAMS a b c > > >")), Is.EqualTo(read), "what is new to a group");
        Ask("XGROUP DESTROY a g", "XGROUP DESTROY b g", "XGROUP DESTROY c g", "XGROUP CREATE a g 0", "XGROUP CREATE b g 0", "XGROUP CREATE c g 0");
        Ask("XREADGROUP GROUP g bob STREAMS a b c > > >");
        Assert.That(Read(Ask($"XREADGROUP GROUP g bob {limits} STREAMS a b c 0 0 0")), Is.EqualTo(read), "what is pending");
    }

    // The name of a stream is replied in 4 and 7 bytes, of which RESP3 does without the first 4.
    [TestCase(2, 0)]
    [TestCase(3, 4)]
    public void A_reply_ends_behind_the_entry_that_reaches_the_size(int protocol, int lessOfStream)
    {
        var name = 11 - lessOfStream;
        Ask($"HELLO {protocol}");

        Assert.That(Limited(name + EntryBytes), Is.EqualTo("a 1-0"));
        Assert.That(Limited(name + EntryBytes + 1), Is.EqualTo("a 1-0 2-0"));
        Assert.That(Limited(name + 3 * EntryBytes), Is.EqualTo("a 1-0 2-0 3-0"));
        Assert.That(Limited(name + 3 * EntryBytes + 1), Is.EqualTo("a 1-0 2-0 3-0 b 1-0"));
        Assert.That(Limited(2 * name + 4 * EntryBytes), Is.EqualTo("a 1-0 2-0 3-0 b 1-0"));
        Assert.That(Limited(2 * name + 4 * EntryBytes + 1), Is.EqualTo("a 1-0 2-0 3-0 b 1-0 2-0"));

        string Limited(int size) => Read(Ask($"XREAD MAXSIZE {size} STREAMS a b 0 0"));
    }

    [Test]
    public void One_entry_is_read_however_long_it_is()
    {
        Ask("DEL a", $"XADD a 1-0 f {new string('x', 50_000)}", "XADD a 2-0 f v");

        Assert.That(Read(Ask("XREAD MAXSIZE 100 STREAMS a b 0 0")), Is.EqualTo("a 1-0"));
        Assert.That(Read(Ask("XREAD MAXSIZE 100 STREAMS a b 1-0 0")), Does.StartWith("a 2-0 b 1-0"));
    }

    [Test]
    public void What_did_not_fit_is_neither_delivered_nor_counted_as_read()
    {
        Ask("XREADGROUP GROUP g bob MAXCOUNT 4 STREAMS a b c > > >");

        Assert.That(Ask("XPENDING b g"), Does.StartWith("*4 :1 $\"1-0\" $\"1-0\""));
        Assert.That(Ask("XPENDING c g"), Does.StartWith("*4 :0"));
        Assert.That(Ask("XINFO CONSUMERS c g"), Is.EqualTo("*0"), "the reader never came to c");
        Assert.That(Read(Ask("XREADGROUP GROUP g bob MAXCOUNT 4 STREAMS a b c > > >")), Is.EqualTo("b 2-0 3-0 c 1-0 2-0"));
    }

    [Test]
    public void A_history_that_did_not_fit_is_not_delivered_once_more()
    {
        Ask("XREADGROUP GROUP g bob STREAMS a b c > > >", "XDEL a 2-0");

        Assert.That(Read(Ask("XREADGROUP GROUP g bob MAXCOUNT 2 STREAMS a b 0 0")), Is.EqualTo("a 1-0 2-0"), "one that is gone counts too");
        Assert.That(Deliveries("a"), Is.EqualTo("1-0 2, 2-0 1, 3-0 1"));
        Assert.That(Deliveries("b"), Is.EqualTo("1-0 1, 2-0 1, 3-0 1"));
    }

    [Test]
    public void An_empty_history_takes_no_room()
    {
        Ask("XREADGROUP GROUP g bob STREAMS b >");

        Assert.That(Read(Ask("XREADGROUP GROUP g bob MAXCOUNT 1 STREAMS a b c 0 0 0")), Is.EqualTo("a b 1-0"));
    }

    [TestCase("MAXCOUNT 2", "a 1-0 2-0")]
    [TestCase("MAXCOUNT 4", "a 1-0 2-0 3-0 4-0")]
    [TestCase("MAXCOUNT 5", "a 1-0 2-0 3-0 4-0 b 1-0")]
    [TestCase("MAXSIZE 60", "a 1-0 2-0")]
    public void What_is_claimed_counts_too(string limits, string read)
    {
        Ask("XREADGROUP GROUP g alice COUNT 3 STREAMS a >", "XADD a 4-0 f v");

        Assert.That(Read(Ask($"XREADGROUP GROUP g bob CLAIM 0 {limits} STREAMS a b > >")), Is.EqualTo(read));
        Assert.That(Ask("XPENDING a g - + 10 alice"), limits.EndsWith('2') || limits.EndsWith("60", StringComparison.Ordinal) ? Does.StartWith("*1 ") : Is.EqualTo("*0"));
    }

    [Test]
    public void What_wakes_a_reader_is_limited_too()
    {
        using var waiting = Server.Connect();
        waiting.SendRequest("XREAD", "BLOCK", "0", "MAXCOUNT", "2", "STREAMS", "a", "$");
        Eventually.True(() => Ask("INFO clients").Contains("blocked_clients:1"), () => "the reader does not wait");

        Ask("MULTI", "XADD a 5-0 f v", "XADD a 6-0 f v", "XADD a 7-0 f v", "EXEC");

        Assert.That(Read(Space().Replace(waiting.ReadText(), " ")), Is.EqualTo("a 5-0 6-0"));
    }

    [Test]
    public void What_a_transaction_has_replied_before_is_not_counted()
    {
        Ask("MULTI", "XRANGE a - +", "XREAD MAXSIZE 100 STREAMS a 0");

        Assert.That(Regex.Count(Ask("EXEC"), "-0\""), Is.EqualTo(3 + 3));
    }

    [TestCase("XREAD MAXCOUNT 0 STREAMS a 0", "-ERR MAXCOUNT must be a positive integer")]
    [TestCase("XREAD MAXCOUNT -1 STREAMS a 0", "-ERR MAXCOUNT must be a positive integer")]
    [TestCase("XREAD MAXSIZE 0 STREAMS a 0", "-ERR MAXSIZE must be a positive integer")]
    [TestCase("XREAD MAXCOUNT many STREAMS a 0", "-ERR value is not an integer or out of range")]
    [TestCase("XREAD MAXSIZE 9223372036854775808 STREAMS a 0", "-ERR value is not an integer or out of range")]
    [TestCase("XREAD COUNT 3 MAXCOUNT 2 STREAMS a 0", "-ERR MAXCOUNT must be greater than or equal to COUNT")]
    [TestCase("XREAD MAXCOUNT 2 COUNT 3 STREAMS missing 0", "-ERR MAXCOUNT must be greater than or equal to COUNT")]
    [TestCase("XREAD MAXCOUNT STREAMS a 0", "-ERR value is not an integer or out of range")]
    [TestCase("XREADGROUP MAXCOUNT 2 COUNT 3 STREAMS a b > >", "-ERR Missing GROUP option for XREADGROUP")]
    [TestCase("XREADGROUP GROUP g bob MAXSIZE -5 STREAMS a >", "-ERR MAXSIZE must be a positive integer")]
    [TestCase("XREADGROUP GROUP g bob COUNT 3 MAXCOUNT 2 STREAMS a >", "-ERR MAXCOUNT must be greater than or equal to COUNT")]
    public void What_is_wrong_is_said(string line, string error)
    {
        Assert.That(Ask(line), Is.EqualTo(error));
    }

    private string Ask(params string[] lines) => Space().Replace(lines.Select(line => Client.AskLine(line)).ToArray()[^1], " ");

    /// <summary>The names of the streams of a reply, each with the ids of its entries.</summary>
    private static string Read(string reply) => string.Join(' ', Name().Matches(reply).Select(match => match.Value.Trim('"')));

    private string Deliveries(string key) => string.Join(", ", PendingEntry().Matches(Ask($"XPENDING {key} g - + 100")).Select(match => match.Result("$1 $2")));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex("\"([abc]|\\d-0)\"")]
    private static partial Regex Name();

    [GeneratedRegex("""\*4 \$"(\d+-0)" \$"\w+" :\d+ :(\d+)""")]
    private static partial Regex PendingEntry();
}
