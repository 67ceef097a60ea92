using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// Long random sequences of writes over a few keys of every type, the same on redis-server and on ours, under thresholds that keep
// crossing from small encodings to large ones and back. Every reply is compared, and DEBUG DIGEST after each stretch. Everything here is
// deterministic: scores are quarters, times to live are far away, and nothing is drawn by the server.
//
//     CAMPAIGN_STEPS=1000000 dotnet test Tests -c Release --filter Name~Long_sequences
//
// runs a long one; a failure prints its seed, which CAMPAIGN_SEED repeats.

/// <summary>Both servers hold the same data after the same long sequence of writes.</summary>
internal sealed class LongSequenceTests
{
    private const int Stretch = 1000;

    private static readonly string[] SmallThresholds =
    [
        "list-max-ziplist-size", "5", "hash-max-ziplist-entries", "8", "hash-max-ziplist-value", "20", "zset-max-ziplist-entries", "8",
        "zset-max-ziplist-value", "20", "set-max-intset-entries", "12", "stream-node-max-entries", "4", "list-compress-depth", "1",
    ];

    private readonly Dictionary<string, Queue<string>> _lastOf = [];

    [TestCase(true)]
    [TestCase(false)]
    public void Long_sequences_lead_to_the_same_data(bool smallThresholds)
    {
        var steps = Setting("CAMPAIGN_STEPS", 10_000);
        var seed = Setting("CAMPAIGN_SEED", steps > 10_000 ? Environment.TickCount : 71);
        using var pair = new OraclePair();
        using var theirs = pair.Oracle.Connect();
        using var ours = pair.Ours.Connect();
        if (smallThresholds)
        {
            theirs.Ask(["CONFIG", "SET", .. SmallThresholds]);
            ours.Ask(["CONFIG", "SET", .. SmallThresholds]);
        }

        var requests = new WriteSequence(seed);
        for (var done = 0; done < steps; done += Stretch)
        {
            string[][] stretch = [.. Enumerable.Range(0, Stretch).Select(_ => requests.Next())];
            CompareReplies(theirs, ours, stretch, $"CAMPAIGN_SEED={seed}, after {done} steps");
            CompareDigests(theirs, ours, $"CAMPAIGN_SEED={seed}, after {done + Stretch} steps");
        }
    }

    private void CompareReplies(RawConnection theirs, RawConnection ours, string[][] stretch, string where)
    {
        var bytes = RequestBytes.Pipeline(stretch);
        theirs.Send(bytes);
        ours.Send(bytes);
        foreach (var request in stretch)
        {
            Remember(request);
            var (expected, actual) = (ByteText.Text(theirs.ReadReply()), ByteText.Text(ours.ReadReply()));
            if (actual != expected)
                Assert.Fail($"{where}: {string.Join(' ', request)}\n--- oracle\n{expected}\n--- ours\n{actual}\n{History(request)}");
        }
    }

    private void CompareDigests(RawConnection theirs, RawConnection ours, string where)
    {
        if (theirs.Ask("DEBUG", "DIGEST") == ours.Ask("DEBUG", "DIGEST")) return;
        var different = WriteSequence.Keys.Order(StringComparer.Ordinal).Where(key => theirs.Ask("DEBUG", "DIGEST-VALUE", key) != ours.Ask("DEBUG", "DIGEST-VALUE", key)).ToList();
        Assert.Fail($"{where}, DEBUG DIGEST differs; by their values:\n{string.Join('\n', different.Select(key => History([key])))}");
    }

    private void Remember(string[] request)
    {
        var line = string.Join(' ', request.Select(word => word.Length > 40 ? $"{word[..40]}..." : word));
        foreach (var key in request.Where(WriteSequence.Keys.Contains).Distinct())
        {
            if (!_lastOf.TryGetValue(key, out var last)) _lastOf[key] = last = [];
            last.Enqueue(line);
            if (last.Count > 30) last.Dequeue();
        }
    }

    private string History(string[] request) =>
        string.Join('\n', request.Where(_lastOf.ContainsKey).Distinct().Select(key => $"the last of {key}:\n  {string.Join("\n  ", _lastOf[key])}"));

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
