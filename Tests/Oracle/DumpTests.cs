using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>DUMP of one server, RESTORE of the other: payloads of strings cross over in both directions.</summary>
internal sealed class DumpTests : OracleFixture
{
    [Test]
    public void Strings_cross_over_from_either_server_to_the_other()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var oracle = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();
        for (var round = 0; round < 400; round++)
        {
            var value = RandomText(random);
            Transfer(oracle, ours, value, $"from the oracle, seed {seed}, round {round}");
            Transfer(ours, oracle, value, $"from ours, seed {seed}, round {round}");
        }
    }

    [TestCase("")]
    [TestCase("-129")]
    [TestCase("2147483648")]
    [TestCase("rrrrrrrrrrrrrrrrrrrr")]
    [TestCase("abcdefghijklmnopqrstuvwxyz0123456789")]
    public void What_does_not_compress_is_dumped_as_the_oracle_does(string value)
    {
        Assert.That(Dump(Pair.Ours, value), Is.EqualTo(Dump(Pair.Oracle, value)));
    }

    [TestCase(21)]
    [TestCase(300)]
    [TestCase(100_000)]
    public void Repetition_is_dumped_no_longer_than_the_oracle_does(int length)
    {
        var value = new string('r', length);

        Assert.That(Dump(Pair.Ours, value), Has.Length.LessThanOrEqualTo(Dump(Pair.Oracle, value).Length));
    }

    [Test]
    public void Without_compression_any_string_is_dumped_as_the_oracle_does()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var oracle = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();
        Assert.That(oracle.Ask("CONFIG", "SET", "rdbcompression", "no"), Is.EqualTo(ours.Ask("CONFIG", "SET", "rdbcompression", "no")));
        for (var round = 0; round < 200; round++)
        {
            var value = RandomText(random);
            foreach (var client in new[] { oracle, ours })
                client.Ask("SET", "k", value);

            Assert.That(ours.Ask("DUMP", "k"), Is.EqualTo(oracle.Ask("DUMP", "k")), $"seed {seed}, round {round}");
        }

        oracle.Ask("CONFIG", "SET", "rdbcompression", "yes");
        ours.Ask("CONFIG", "SET", "rdbcompression", "yes");
    }

    [TestCase("RESTORE a 33177117420000 payload ABSTTL", "GETEX a PERSIST", "DUMP a")]
    [TestCase("RESTORE a 1 payload ABSTTL", "EXISTS a")]
    [TestCase("SET a old", "RESTORE a 1 payload ABSTTL REPLACE", "EXISTS a")]
    [TestCase("SET a old", "RESTORE a 1 payload ABSTTL", "GET a")]
    [TestCase("SET a old EX 100000", "RESTORE a 0 payload REPLACE", "TTL a", "GET a")]
    public void An_expiry_is_restored_as_the_oracle_does(params string[] lines)
    {
        var payload = DumpPayloads.Signed("\0\x05hello");
        string[][] requests = [["FLUSHALL"], .. lines.Select(line => line.Split(' ').Select(word => word == "payload" ? payload : word).ToArray())];
        using var oracle = Pair.Oracle.Connect();
        using var ours = Pair.Ours.Connect();

        Assert.That(requests.Select(request => ours.Ask(request)), Is.EqualTo(requests.Select(request => oracle.Ask(request))));
    }

    private static void Transfer(RawConnection from, RawConnection to, string value, string which)
    {
        from.Ask("SET", "k", value);
        var payload = from.AskPayload("DUMP", "k");

        Assert.That(to.Ask("RESTORE", "copy", "0", payload, "REPLACE"), Is.EqualTo("+OK"), which);
        Assert.That(to.AskPayload("GET", "copy") == value, Is.True, which);
    }

    private static string Dump(ServerProcess server, string value)
    {
        using var client = server.Connect();
        client.Ask("SET", "k", value);
        return client.Ask("DUMP", "k");
    }

    private static string RandomText(Random random)
    {
        if (random.Next(4) == 0) return $"{random.NextInt64() >> random.Next(64)}";

        var bytes = new byte[random.Next(20) == 0 ? random.Next(100_000) : random.Next(200)];
        random.NextBytes(bytes);
        var letters = random.Next(1, 256);
        for (var at = 0; at < bytes.Length; at++)
            bytes[at] = (byte)(bytes[at] % letters);

        return ByteText.Text(bytes);
    }
}
