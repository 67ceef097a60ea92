using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>MEMORY: what it says of keys against what they make used memory grow by.</summary>
internal sealed class MemoryCommandsTests : InProcessFixture
{
    // Type and encoding, how many keys, and the arguments that make one; {0} stands for the key's number, {*} for the numbers of many elements.
    [TestCase("int", 3000, 0, "SET", "{0}")]
    [TestCase("embstr", 3000, 0, "SET", "value-{0}")]
    [TestCase("raw", 1500, 0, "SET", "x*150")]
    [TestCase("raw", 600, 0, "SET", "x*1000")]
    [TestCase("raw", 20, 0, "SET", "x*300000")]
    [TestCase("embstr", 3000, 0, "SET", "value-{0}", "EX", "1000")]
    [TestCase("raw", 40, 0, "SETRANGE", "12303", "x")]
    [TestCase("raw", 200, 0, "APPEND", "x*5000")]
    [TestCase("listpack", 1500, 0, "RPUSH", "a", "b", "c", "{0}")]
    [TestCase("quicklist", 12, 3000, "RPUSH", "element-number-{*}")]
    [TestCase("listpack", 1500, 0, "SADD", "a", "b", "c", "{0}")]
    [TestCase("intset", 1500, 0, "SADD", "1", "2", "{0}")]
    [TestCase("hashtable", 40, 700, "SADD", "member-{*}")]
    [TestCase("hashtable", 4, 4000, "SADD", "member-{*}")]
    [TestCase("listpack", 1500, 0, "HSET", "field", "{0}", "other", "value")]
    [TestCase("listpackex", 1500, 0, "HSETEX", "EX", "1000", "FIELDS", "2", "field", "{0}", "other", "value")]
    [TestCase("hashtable", 40, 700, "HSET", "field-{*}", "value-{*}")]
    [TestCase("hashtable", 8, 600, "HSET", "field-{*}", "x*300")]
    [TestCase("listpack", 1500, 0, "ZADD", "1", "a", "2", "{0}")]
    [TestCase("skiplist", 40, 500, "ZADD", "{*}", "member-{*}")]
    [TestCase("stream", 200, 0, "XADD", "*", "field", "{0}", "other", "x*200")]
    public void A_key_takes_what_it_makes_used_memory_grow_by(string encoding, int keys, int elements, string command, params string[] arguments)
    {
        var before = Client.InfoNumber("used_memory");
        long said = 0;
        for (var key = 0; key < keys; key++)
            Make(command, $"the-name-of-key:{key}", elements, [.. arguments.Select(argument => Fill(argument, "{0}", key))]);
        var grown = Client.InfoNumber("used_memory") - before;
        for (var key = 0; key < keys; key++)
            said += Number(Client.Ask("MEMORY", "USAGE", $"the-name-of-key:{key}"));

        Assert.That(Client.Ask("OBJECT", "ENCODING", "the-name-of-key:0"), Is.EqualTo($"$\"{encoding}\""));
        Assert.That(said, Is.EqualTo(grown).Within(10).Percent, $"{said / keys} bytes said, {grown / keys} grown for each of {keys} keys");
    }

    [Test]
    public void What_keys_took_is_given_back_when_they_go()
    {
        var before = Client.InfoNumber("used_memory");
        Make("SADD", "set", 5000, ["member-{*}"]);
        Make("RPUSH", "list", 5000, ["element-number-{*}"]);
        for (var i = 0; i < 100; i++)
            Client.Ask("XADD", "stream", "*", "field", new string('x', 500));
        Assert.That(Client.InfoNumber("used_memory"), Is.GreaterThan(before + 250_000));
        Assert.That(Client.Ask("DEL", "set", "list", "stream"), Is.EqualTo(":3"));

        // At once, although large collections are freed in slices.
        Assert.That(Client.InfoNumber("used_memory"), Is.LessThan(before + 50_000));
        Client.Ask("FLUSHALL");
    }

    [Test]
    public void What_is_freed_in_slices_is_counted()
    {
        Make("SADD", "large", 5000, ["member-{*}"]);
        Make("SADD", "small", 3, ["member-{*}"]);
        Client.Ask("CONFIG", "RESETSTAT");
        Client.Ask("UNLINK", "small");
        Assert.That(Client.InfoNumber("lazyfree_pending_objects") + Client.InfoNumber("lazyfreed_objects"), Is.Zero);
        Client.Ask("DEL", "large");

        Eventually.True(() => IsFreed(1), () => Client.Ask("INFO", "memory"));
        Client.Ask("MSET", "a", "1", "b", "2");
        Client.Ask("FLUSHALL", "ASYNC");
        Eventually.True(() => IsFreed(3), () => Client.Ask("INFO", "memory"));
        Client.Ask("CONFIG", "RESETSTAT");
        Assert.That(IsFreed(0));
    }

    [Test]
    public void Usage_with_all_samples_agrees_with_the_estimate()
    {
        Make("HSET", "h", 20_000, ["field-{*}", "value-{*}"]);
        var exact = Number(Client.Ask("MEMORY", "USAGE", "h", "SAMPLES", "0"));

        Assert.That(Number(Client.Ask("MEMORY", "USAGE", "h")), Is.EqualTo(exact).Within(10).Percent);
    }

    [Test]
    public void A_string_that_is_made_at_one_go_has_no_room_to_spare_and_one_that_grows_has()
    {
        Client.Ask("SETRANGE", "made", "1199", "x");
        Client.Ask("SET", "grown", new string('x', 1100));
        Client.Ask("APPEND", "grown", new string('x', 100));

        Assert.That(Number(Client.Ask("MEMORY", "USAGE", "made")), Is.InRange(1200, 1400));
        Assert.That(Number(Client.Ask("MEMORY", "USAGE", "grown")), Is.InRange(2400, 2700));
    }

    [TestCase(4097)]
    [TestCase(14_400)]
    [TestCase(16_385)]
    [TestCase(65_537)]
    [TestCase(131_073)]
    [TestCase(240_000)]
    [TestCase(262_145)]
    [TestCase(3_000_000)]
    public void A_string_that_grows_has_no_tenth_more_than_the_pages_that_it_has_touched(int length)
    {
        const int PageBytes = 4096;
        Client.Ask("SET", "grown", new string('x', length - 1));
        Client.Ask("APPEND", "grown", "x");

        var touched = (length + PageBytes - 1) / PageBytes * PageBytes;
        Assert.That(Number(Client.Ask("MEMORY", "USAGE", "grown")), Is.InRange(length, touched * 11 / 10 + PageBytes / 2));
    }

    // Steps that each key goes through, as {0} is its name.
    [TestCase("HSET {0} field-{*} value-{*}", "HPEXPIRE {0} 1000000 FIELDS 700 field-{*}")]
    [TestCase("HSET {0} field-{*} value-{*}", "HDEL {0} extra-{*}", "HSET {0} field-{*} a-longer-value-{*}")]
    [TestCase("HSET {0} field-{*} value-{*}", "HSET {0} last last", "HDEL {0} field-{*}")]
    [TestCase("SADD {0} member-{*}", "SPOP {0} 300")]
    [TestCase("SADD {0} member-{*}", "SPOP {0} 520")]
    [TestCase("ZADD {0} {*} member-{*}", "ZREMRANGEBYRANK {0} 100 500")]
    [TestCase("SET {0} short", "APPEND {0} x*3000", "APPEND {0} x*3000")]
    [TestCase("SET {0} x*250000", "APPEND {0} x*40000", "SETRANGE {0} 400000 x")]
    public void The_same_holds_whatever_became_of_it(params string[] steps)
    {
        const int Keys = 30;
        const int Elements = 700;
        var before = Client.InfoNumber("used_memory");
        for (var key = 0; key < Keys; key++)
        {
            foreach (var words in steps.Select(step => step.Split(' '))) Assert.That(Client.Ask([.. Spread($"key-with-a-history:{key}", words)]), Does.Not.StartWith("-"));
        }

        var grown = Client.InfoNumber("used_memory") - before;
        var said = Enumerable.Range(0, Keys).Sum(key => Number(Client.Ask("MEMORY", "USAGE", $"key-with-a-history:{key}")));
        Assert.That(said, Is.EqualTo(grown).Within(10).Percent, $"{said / Keys} bytes said, {grown / Keys} grown for each of {Keys} keys");

        // The words with {*} are repeated together, once for each element.
        static IEnumerable<string> Spread(string name, string[] words) =>
            words.Where(word => !word.Contains("{*}", StringComparison.Ordinal)).Select(word => word == "{0}" ? name : Fill(word, "{0}", 0))
                .Concat(Enumerable.Range(0, words.Any(word => word.Contains("{*}", StringComparison.Ordinal)) ? Elements : 0)
                    .SelectMany(i => words.Where(word => word.Contains("{*}", StringComparison.Ordinal)).Select(word => Fill(word, "{*}", i))));
    }

    [Test]
    public void Usage_checks_its_arguments()
    {
        Client.Ask("SET", "k", "v");

        Assert.That(Client.Ask("MEMORY", "USAGE", "missing"), Is.EqualTo("$nil"));
        Assert.That(Client.Ask("MEMORY", "USAGE", "k", "SAMPLES", "-1"), Is.EqualTo("-ERR syntax error"));
        Assert.That(Client.Ask("MEMORY", "USAGE", "k", "SAMPLES", "x"), Is.EqualTo("-ERR value is not an integer or out of range"));
        Assert.That(Client.Ask("MEMORY", "USAGE", "k", "SAMPLES"), Is.EqualTo("-ERR syntax error"));
        Assert.That(Client.Ask("MEMORY", "USAGE", "k", "NONSENSE", "1"), Is.EqualTo("-ERR syntax error"));
        Assert.That(Number(Client.Ask("MEMORY", "USAGE", "k", "samples", "3", "SAMPLES", "0")), Is.InRange(10, 100));
    }

    [Test]
    public void Stats_names_each_database_that_holds_keys_and_counts_them()
    {
        Client.Ask("SET", "k", "v");
        Client.Ask("SELECT", "3");
        Client.Ask("SET", "k", "v");
        var stats = Client.Ask("MEMORY", "STATS");

        Assert.That(stats, Does.Contain("$\"db.0\"").And.Contain("$\"db.3\"").And.Not.Contain("db.1"));
        Assert.That(stats, Does.Contain("$\"keys.count\"\n  :2"));
        Assert.That(stats, Does.Contain("$\"overhead.db.hashtable.rehashing\"\n  :0").And.Contain("$\"db.dict.rehashing.count\"\n  :0").And.Contain("allocator.muzzy"));
        Assert.That(stats, Does.Not.Contain("slot-to-keys"), "7.4 does without");
        Assert.That(Figure(stats, "overhead.db.hashtable.lut"), Is.InRange(Figure(stats, "overhead.hashtable.main"), Figure(stats, "overhead.total")));
        Assert.That(stats, Does.Contain("peak.allocated").And.Contain("dataset.percentage").And.Contain("fragmentation.bytes"));
    }

    [Test]
    public void Doctor_purge_and_allocator_statistics_answer()
    {
        Assert.That(Client.Ask("MEMORY", "DOCTOR"), Does.Contain("next to nothing"));
        Assert.That(Client.Ask("MEMORY", "PURGE"), Is.EqualTo("+OK"));
        Assert.That(Client.Ask("MEMORY", "MALLOC-STATS"), Does.Contain("chunks taken from the system"));
    }

    private bool IsFreed(int objects) => Client.InfoNumber("lazyfreed_objects") == objects && Client.InfoNumber("lazyfree_pending_objects") == 0;

    private void Make(string command, string key, int elements, string[] arguments)
    {
        if (elements == 0)
        {
            Assert.That(Client.Ask([command, key, .. arguments]), Does.Not.StartWith("-"));
            return;
        }

        for (var element = 0; element < elements; element += 100)
        {
            var first = element;
            var many = Enumerable.Range(first, Math.Min(100, elements - first)).SelectMany(number => arguments.Select(argument => Fill(argument, "{*}", number)));
            Assert.That(Client.Ask([command, key, .. many]), Does.Not.StartWith("-"));
        }
    }

    private static string Fill(string pattern, string place, int number)
    {
        if (pattern.StartsWith("x*", StringComparison.Ordinal))
            return new string('x', int.Parse(pattern[2..], System.Globalization.CultureInfo.InvariantCulture));
        return pattern.Replace(place, $"{number}", StringComparison.Ordinal);
    }

    private static long Figure(string stats, string name) => long.Parse(
        stats.Split($"$\"{name}\"\n")[1].TrimStart()[1..].Split('\n')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static long Number(string reply) => long.Parse(reply[1..], System.Globalization.CultureInfo.InvariantCulture);
}
