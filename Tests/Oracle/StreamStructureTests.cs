using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>
/// Streams of many small listpacks are cut, trimmed and described as the oracle does, its radix tree's nodes included. The argument is the seed.
/// </summary>
internal sealed class StreamStructureTests() : OracleFixture("--stream-node-max-entries", "3", "--stream-node-max-bytes", "200")
{
    [Test]
    public void A_stream_is_described_as_the_oracle_does([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var requests = new List<IReadOnlyList<string>> { new[] { "DEL", "s" } };
        var ids = new List<string>();
        var (ms, seq) = (1L, 0L);
        for (var step = 0; step < 400; step++)
        {
            requests.Add(random.Next(12) switch
            {
                0 when ids.Count > 0 => ["XDEL", "s", .. Enumerable.Range(0, 6).Select(_ => ids[random.Next(ids.Count)])],
                1 => ["XTRIM", "s", "MAXLEN", random.Next(2) == 0 ? "=" : "~", $"{random.Next(40)}"],
                2 when ids.Count > 0 => ["XTRIM", "s", "MINID", random.Next(2) == 0 ? "=" : "~", ids[^random.Next(1, Math.Min(30, ids.Count + 1))]],
                _ => Add(random, ids, ref ms, ref seq),
            });
            requests.Add(["XINFO", "STREAM", "s"]);
        }

        requests.Add(["XRANGE", "s", "-", "+"]);
        requests.Add(["XREVRANGE", "s", "+", "-"]);
        requests.Add(["DEBUG", "DIGEST"]);

        using var theirs = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();
        var (expected, actual) = (OraclePair.Replies(theirs, requests, Pacing.Pipelined), OraclePair.Replies(ours, requests, Pacing.Pipelined));

        for (var at = 0; at < requests.Count; at++)
            Assert.That(actual[at], Is.EqualTo(expected[at]), $"seed {seed}, request {at}: {string.Join(' ', requests[at])}, behind {string.Join(' ', requests[Math.Max(0, at - 1)])}");
    }

    // Ids that leave gaps of every width, so that they part at every byte.
    private static string[] Add(Random random, List<string> ids, ref long ms, ref long seq)
    {
        if (random.Next(4) == 0) (ms, seq) = (ms + 1 + (long)(random.NextDouble() * Math.Pow(2, random.Next(36))), 0);
        else seq += 1 + (long)(random.NextDouble() * Math.Pow(2, random.Next(40)));
        ids.Add($"{ms}-{seq}");
        return ["XADD", "s", ids[^1], random.Next(5) == 0 ? "other" : "f", new string('v', random.Next(100))];
    }
}
