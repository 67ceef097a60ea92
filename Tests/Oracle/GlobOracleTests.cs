using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>Which keys a pattern finds, as redis-server's KEYS has it and as Glob has it.</summary>
internal sealed class GlobOracleTests
{
    [Test]
    public void Random_patterns_find_the_keys_that_redis_finds()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var server = RedisProcess.Start();
        using var client = server.Connect();
        string[] keys = [.. Enumerable.Range(0, 400).Select(_ => GlobPatterns.RandomText(random)).Distinct()];
        client.Ask(["MSET", .. keys.SelectMany(key => new[] { key, "" })]);
        for (var round = 0; round < 3000; round++)
        {
            var pattern = GlobPatterns.Random(random);

            // KEYS takes a lone star for all keys, and does not match.
            if (pattern == "*") continue;

            var theirs = client.Ask("KEYS", pattern).Split('\n').Skip(1).Select(line => ByteText.Text(ByteText.Unquote(line.Trim()[1..]))).Order(StringComparer.Ordinal);
            var ours = keys.Where(key => Glob.IsMatch(ByteText.Bytes(pattern), ByteText.Bytes(key), CaseSensitivity.Sensitive)).Order(StringComparer.Ordinal);

            Assert.That(ours, Is.EqualTo(theirs), () => $"seed {seed}, pattern {ByteText.Quote(ByteText.Bytes(pattern))}");
        }
    }
}
