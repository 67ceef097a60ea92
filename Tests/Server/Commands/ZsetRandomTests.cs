using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>ZRANDMEMBER, whose replies no oracle can foretell.</summary>
internal sealed class ZsetRandomTests : InProcessFixture
{
    [Test]
    public void A_positive_count_draws_distinct_members([Values(5, 300, 3000)] int members, [Values(1, 4, 250, 2000, 5000)] int count)
    {
        Fill(members);

        Assert.That(Elements("ZRANDMEMBER", "z", $"{count}"), Is.Unique.And.Length.EqualTo(Math.Min(count, members)));
        var pairs = Elements("ZRANDMEMBER", "z", $"{count}", "WITHSCORES");
        Assert.That(pairs.Chunk(2).All(pair => pair[0] == "m" + pair[1]));
        Assert.That(pairs, Has.Length.EqualTo(2 * Math.Min(count, members)));
    }

    private void Fill(int members)
    {
        for (var i = 0; i < members; i += 50)
            Client.Ask(["ZADD", "z", .. Enumerable.Range(i, Math.Min(50, members - i)).SelectMany(n => new[] { $"{n}", $"m{n}" })]);
    }

    private string[] Elements(params string[] request) => [.. Client.Ask(request).Split('\n').Skip(1).Select(line => line.Trim().TrimStart('$').Trim('"'))];
}
