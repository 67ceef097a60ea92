using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>SPOP, SRANDMEMBER and HRANDFIELD, whose replies no oracle can foretell.</summary>
internal sealed class SetRandomTests : InProcessFixture
{
    [Test]
    public void Popping_takes_each_member_once([Values(5, 600, 3000)] int members, [Values("", "m")] string prefix, [Values(1, 100, 450)] int count)
    {
        Fill("s", members, prefix);
        var popped = new List<string>();
        while (popped.Count < members)
        {
            var some = Elements("SPOP", "s", $"{count}");
            Assert.That(some, Has.Length.EqualTo(Math.Min(count, members - popped.Count)));
            popped.AddRange(some);
            Assert.That(Client.Ask("SCARD", "s"), Is.EqualTo($":{members - popped.Count}"));
        }

        Assert.That(popped, Is.Unique.And.Exactly(members).Items);
        Assert.That(Client.Ask("EXISTS", "s"), Is.EqualTo(":0"));
    }

    [Test]
    public void Popping_without_a_count_takes_one_member()
    {
        Fill("s", 3, "m");
        Assert.That(Client.Ask("SPOP", "s"), Does.Match("^\\$\"m[012]\"$"));
        Assert.That(Client.Ask("SCARD", "s"), Is.EqualTo(":2"));
    }

    [TestCase(1000, 999)]
    [TestCase(1000, 900)]
    public void Popping_nearly_all_leaves_the_others(int members, int count)
    {
        Fill("s", members, "m");
        var popped = Elements("SPOP", "s", $"{count}");
        var left = Elements("SMEMBERS", "s");

        Assert.That(popped.Concat(left), Is.Unique.And.Exactly(members).Items);
        Assert.That(left, Has.Length.EqualTo(members - count));
    }

    [Test]
    public void A_positive_count_draws_distinct_members([Values(5, 300, 3000)] int members, [Values(1, 4, 250, 2000, 5000)] int count)
    {
        Fill("s", members, "m");
        for (var i = 0; i < members; i += 50)
            Client.Ask(["HSET", "h", .. Enumerable.Range(i, Math.Min(50, members - i)).SelectMany(n => new[] { $"f{n}", $"{n}" })]);

        Assert.That(Elements("SRANDMEMBER", "s", $"{count}"), Is.Unique.And.Length.EqualTo(Math.Min(count, members)));
        Assert.That(Elements("HRANDFIELD", "h", $"{count}"), Is.Unique.And.Length.EqualTo(Math.Min(count, members)));
        var pairs = Elements("HRANDFIELD", "h", $"{count}", "WITHVALUES");
        Assert.That(pairs.Chunk(2).All(pair => pair[0] == "f" + pair[1]));
        Assert.That(pairs, Has.Length.EqualTo(2 * Math.Min(count, members)));
    }

    [Test]
    public void A_negative_count_draws_with_repeats([Values(2, 300)] int members)
    {
        Fill("s", members, "m");
        var drawn = Elements("SRANDMEMBER", "s", "-1000");

        Assert.That(drawn, Has.Length.EqualTo(1000));
        Assert.That(drawn.Distinct().Count(), Is.LessThanOrEqualTo(members).And.GreaterThan(1));
    }

    private void Fill(string key, int members, string prefix)
    {
        for (var i = 0; i < members; i += 50)
            Client.Ask(["SADD", key, .. Enumerable.Range(i, Math.Min(50, members - i)).Select(n => $"{prefix}{n}")]);
    }

    private string[] Elements(params string[] request) => [.. Client.Ask(request).Split('\n').Skip(1).Select(line => line.Trim().TrimStart('$').Trim('"'))];
}
