using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>Of elements with equal weights, a SORT that is asked for a part of a list returns those that Redis returns, in its order.</summary>
internal sealed class SortTieTests
{
    private const int Weights = 4;

    [Test]
    public void Parts_of_lists_are_those_of_the_oracle([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        using var pair = new OraclePair();
        for (var round = 0; round < 40; round++)
        {
            var length = random.Next(1, random.Next(2) == 0 ? 60 : 600);
            var requests = new List<string[]> { new[] { "RPUSH", "l" }.Concat(Enumerable.Range(0, length).Select(_ => $"{random.Next(length)}")).ToArray() };
            requests.Add(["MSET", .. Enumerable.Range(0, length).SelectMany(element => new[] { $"w_{element}", $"{random.Next(Weights)}" })]);
            for (var part = 0; part < 20; part++)
                requests.Add(Sort(random, length));
            foreach (var exchange in pair.Run(new Script([], requests, []), 2, Pacing.Pipelined))
                Assert.That(exchange.Ours, Is.EqualTo(exchange.Theirs), $"seed {seed}, round {round}: {string.Join(' ', exchange.Request)}");
        }
    }

    private static string[] Sort(Random random, int length) =>
    [
        "SORT", "l", "BY", random.Next(3) == 0 ? "none_*" : "w_*", "LIMIT", $"{random.Next(length + 1)}", $"{random.Next(-1, length + 1)}",
        .. random.Next(2) == 0 ? (string[])["DESC"] : [], .. random.Next(2) == 0 ? (string[])["ALPHA"] : [], .. random.Next(4) == 0 ? (string[])["STORE", "stored"] : [],
    ];
}
