using System.Text.RegularExpressions;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>XREADGROUP with CLAIM: what is overdue comes first, and is the reader's from then on.</summary>
internal sealed partial class StreamClaimTests : SharedServerFixture
{
    // Alice has had 1-0 and 2-0 pending, the second for longer; 3-0 was delivered just now, and 4-0 is new.
    [SetUp]
    public void Fill()
    {
        Ask(
            "FLUSHALL", "HELLO 2", "XGROUP CREATE s g 0 MKSTREAM", "XADD s 1-0 f a", "XADD s 2-0 f b", "XADD s 3-0 f c", "XREADGROUP GROUP g alice STREAMS s >", "XADD s 4-0 f d",
            "XCLAIM s g alice 0 1-0 IDLE 1000000", "XCLAIM s g alice 0 2-0 IDLE 2000000 JUSTID");
    }

    [Test]
    public void What_is_overdue_comes_first_the_longest_idle_before_all()
    {
        Assert.That(
            Ask("XREADGROUP GROUP g bob CLAIM 900000 STREAMS s >"),
            Is.EqualTo("""*1 *2 $"s" *3 *4 $"2-0" *2 $"f" $"b" :old :1 *4 $"1-0" *2 $"f" $"a" :old :2 *4 $"4-0" *2 $"f" $"d" :0 :0"""));
    }

    [Test]
    public void The_third_protocol_gets_a_map()
    {
        Ask("HELLO 3");

        Assert.That(Ask("XREADGROUP GROUP g bob CLAIM 1900000 COUNT 1 STREAMS s >"), Is.EqualTo("""%1 $"s" *1 *4 $"2-0" *2 $"f" $"b" :old :1"""));
    }

    [Test]
    public void A_claimed_entry_counts_as_delivered_to_the_reader_once_more()
    {
        Ask("XREADGROUP GROUP g bob CLAIM 1900000 COUNT 1 STREAMS s >");

        Assert.That(Pending(), Is.EqualTo("1-0 alice 2, 2-0 bob 2, 3-0 alice 1"));
        Assert.That(Ask("XREADGROUP GROUP g carol CLAIM 1900000 COUNT 1 STREAMS s >"), Does.StartWith("""*1 *2 $"s" *1 *4 $"4-0" """));
        Assert.That(Ask("XREADGROUP GROUP g carol CLAIM 1900000 STREAMS s >"), Is.EqualTo("*nil"));
    }

    [TestCase(1, "2-0")]
    [TestCase(2, "2-0 1-0")]
    [TestCase(3, "2-0 1-0 4-0")]
    [TestCase(0, "2-0 1-0 4-0 5-0")]
    public void The_count_is_of_both(int count, string ids)
    {
        Ask("XADD s 5-0 f e");

        Assert.That(Ids(Ask($"XREADGROUP GROUP g bob COUNT {count} CLAIM 900000 STREAMS s >")), Is.EqualTo(ids));
    }

    [Test]
    public void Each_stream_has_a_count_of_its_own()
    {
        Ask("XGROUP CREATE t g 0 MKSTREAM", "XADD t 8-0 f v", "XADD t 9-0 f v");

        Assert.That(Ids(Ask("XREADGROUP GROUP g bob COUNT 1 CLAIM 900000 STREAMS s t > >")), Is.EqualTo("2-0 8-0"));
    }

    [Test]
    public void Without_acknowledgement_only_what_is_new_is_not_pending()
    {
        Ask("XREADGROUP GROUP g bob NOACK CLAIM 900000 STREAMS s >");

        Assert.That(Pending(), Is.EqualTo("1-0 bob 3, 2-0 bob 2, 3-0 alice 1"));
    }

    [Test]
    public void History_is_read_as_ever()
    {
        Assert.That(Ask("XREADGROUP GROUP g alice CLAIM 0 COUNT 1 STREAMS s 0"), Is.EqualTo("""*1 *2 $"s" *1 *2 $"1-0" *2 $"f" $"a" """.TrimEnd()));
    }

    [Test]
    public void Zero_claims_all_that_is_pending()
    {
        Assert.That(Ids(Ask("XREADGROUP GROUP g bob CLAIM 0 STREAMS s >")), Is.EqualTo("2-0 1-0 3-0 4-0"));
        Assert.That(Pending(), Is.EqualTo("1-0 bob 3, 2-0 bob 2, 3-0 bob 2, 4-0 bob 1"));
    }

    [Test]
    public void No_time_is_too_long()
    {
        Assert.That(Ids(Ask("XREADGROUP GROUP g bob CLAIM 9223372036854775807 STREAMS s >")), Is.EqualTo("4-0"));
    }

    [Test]
    public void What_was_deleted_is_neither_read_nor_pending()
    {
        Ask("XDEL s 2-0");

        Assert.That(Ids(Ask("XREADGROUP GROUP g bob COUNT 1 CLAIM 900000 STREAMS s >")), Is.EqualTo("1-0"));
        Assert.That(Pending(), Is.EqualTo("1-0 bob 3, 3-0 alice 1"));
    }

    [Test]
    public void A_trimmed_stream_has_nothing_to_claim()
    {
        Ask("XTRIM s MAXLEN 0");

        Assert.That(Ask("XREADGROUP GROUP g bob CLAIM 0 STREAMS s >"), Is.EqualTo("*nil"));
        Assert.That(Pending(), Is.Empty);
    }

    [Test]
    public void What_is_delivered_once_more_is_claimed_and_then_new()
    {
        Ask("XGROUP SETID s g 0");

        Assert.That(Ids(Ask("XREADGROUP GROUP g bob CLAIM 900000 STREAMS s >")), Is.EqualTo("2-0 1-0 1-0 2-0 3-0 4-0"));
        Assert.That(Pending(), Is.EqualTo("1-0 bob 1, 2-0 bob 1, 3-0 bob 1, 4-0 bob 1"));
    }

    [Test]
    public void What_was_claimed_survives_a_dump()
    {
        Ask("XREADGROUP GROUP g bob CLAIM 900000 STREAMS s >", "XCLAIM s g bob 0 1-0 IDLE 5000000 JUSTID");
        var pending = Pending();
        Assert.That(Client.Ask("RESTORE", "s", "0", Client.AskPayload("DUMP", "s"), "REPLACE"), Is.EqualTo("+OK"));

        Assert.That(Pending(), Is.EqualTo(pending));
        Assert.That(Ids(Ask("XREADGROUP GROUP g carol CLAIM 4000000 STREAMS s >")), Is.EqualTo("1-0"));
    }

    [Test]
    public void It_may_be_said_anywhere_and_the_last_holds()
    {
        Assert.That(Ids(Ask("XREADGROUP CLAIM 1 GROUP g bob claim 1900000 COUNT 9 STREAMS s >")), Is.EqualTo("2-0 4-0"));
    }

    [TestCase("XREADGROUP GROUP g bob CLAIM -1 STREAMS s >", "-ERR min-idle-time must be a positive integer")]
    [TestCase("XREADGROUP GROUP g bob CLAIM -0 STREAMS s >", "-ERR min-idle-time is not an integer")]
    [TestCase("XREADGROUP GROUP g bob CLAIM 5.5 STREAMS s >", "-ERR min-idle-time is not an integer")]
    [TestCase("XREADGROUP GROUP g bob CLAIM STREAMS s >", "-ERR min-idle-time is not an integer")]
    [TestCase("XREADGROUP GROUP g CLAIM 50 bob STREAMS s >", "-ERR syntax error")]
    [TestCase("XREADGROUP GROUP g bob STREAMS s > CLAIM", "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.")]
    [TestCase("XREADGROUP GROUP none bob CLAIM 50 STREAMS s >", "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option")]
    [TestCase("XREAD COUNT 2 CLAIM 10 STREAMS s 0-0", "-ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.")]
    public void What_is_wrong_is_said(string line, string error)
    {
        Assert.That(Ask(line), Is.EqualTo(error));
        Assert.That(Pending(), Does.Not.Contain("bob"));
    }

    private string Ask(params string[] lines)
    {
        var reply = lines.Select(line => Client.AskLine(line)).ToArray()[^1];
        return Idle().Replace(Space().Replace(reply, " "), ":old");
    }

    private static string Ids(string reply) => string.Join(' ', EntryId().Matches(reply).Select(match => match.Groups[1].Value));

    private string Pending() => string.Join(", ", PendingEntry().Matches(Ask("XPENDING s g - + 100")).Select(match => match.Result("$1 $2 $3")));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@":[1-9]\d{6,}")]
    private static partial Regex Idle();

    [GeneratedRegex("""\*4 \$"(\d+-0)" """)]
    private static partial Regex EntryId();

    [GeneratedRegex("""\*4 \$"(\d+-0)" \$"(\w+)" :\w+ :(\d+)""")]
    private static partial Regex PendingEntry();
}
