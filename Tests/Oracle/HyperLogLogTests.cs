using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>HyperLogLogs are byte for byte the oracle's, however they came about. The seed is printed with a failure.</summary>
internal sealed class HyperLogLogTests : OracleFixture
{
    [Test]
    public void Values_are_the_oracles([Values(0, 60, 3000, 16000)] int sparseMaxBytes, [Values(1, 2, 3)] int seed)
    {
        using var ours = Pair.Ours.Connect();
        using var oracle = Pair.Oracle.Connect();
        var random = new Random(OracleSettings.SeedOf(seed));
        Ask(["FLUSHALL"]);
        Ask(["CONFIG", "SET", "hll-sparse-max-bytes", $"{sparseMaxBytes}"]);
        for (var step = 0; step < 400; step++)
        {
            Ask(Step(random));
            foreach (var key in new[] { "a", "b", "c" })
                Assert.That(ours.AskPayload("GET", key) == oracle.AskPayload("GET", key), Is.True, $"seed {seed}, step {step}, {key}");
        }

        Ask(["CONFIG", "SET", "hll-sparse-max-bytes", "3000"]);

        void Ask(string[] request) =>
            Assert.That(ours.Ask(request), Is.EqualTo(oracle.Ask(request)), $"seed {seed}, {string.Join(' ', request.Take(6))}");
    }

    private static string[] Step(Random random)
    {
        string[] keys = ["a", "b", "c"];
        string Key() => keys[random.Next(keys.Length)];
        return random.Next(20) switch
        {
            0 => ["PFCOUNT", Key()],
            1 => ["PFCOUNT", Key(), Key(), "missing"],
            2 => ["PFMERGE", Key(), Key()],
            3 => ["PFMERGE", Key(), Key(), Key(), "missing"],
            4 => ["PFDEBUG", "ENCODING", Key()],
            5 when random.Next(4) == 0 => ["DEL", Key()],
            6 when random.Next(8) == 0 => ["PFDEBUG", "TODENSE", Key()],
            7 => ["PFDEBUG", "DECODE", Key()],
            _ => ["PFADD", Key(), .. Enumerable.Range(0, random.Next(40)).Select(_ => $"{random.Next(100_000)}")],
        };
    }
}
