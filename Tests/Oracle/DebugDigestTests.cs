using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>DEBUG DIGEST of the same data, built up by the same commands, on both servers.</summary>
internal sealed class DebugDigestTests : OracleFixture
{
    [SetUp]
    public void Empty()
    {
        foreach (var server in new[] { Pair.Oracle, Pair.Ours })
        {
            using var client = server.Connect();
            client.Ask("FLUSHALL");
        }
    }

    [TestCase]
    [TestCase("SET a 1")]
    [TestCase("SET a 01", "SET b x", "APPEND b y")]
    [TestCase("SET a 1 EX 100000")]
    [TestCase("SET a 1", "SELECT 3", "SET a 1", "SET b 2")]
    [TestCase("SELECT 9", "DEBUG POPULATE 1000 p 40", "SELECT 2", "DEBUG POPULATE 1000", "SELECT 0", "SET k v")]
    [TestCase("DEBUG POPULATE 20000", "SELECT 1", "DEBUG POPULATE 300 x 2000")]
    [TestCase("SADD small 1 2 3", "SADD words a b c 17", "SADD long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 5")]
    [TestCase("HSET small f 1 g x", "HSET long f aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa g 12", "EXPIRE small 10000")]
    [TestCase("RPUSH small a b 17 -1", "RPUSH other b a 17 -1", "RPUSH long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 12")]
    [TestCase("ZADD small 1 a 2.5 b -0 c 17 3", "ZADD wide 1e300 a 1e17 b 123456789012345678 c 1e-5 d 0.0001 e inf f -inf g 3.3 h -1e-300 i")]
    [TestCase("CONFIG SET zset-max-ziplist-entries 0", "ZADD wide 1e300 a 1e17 b 123456789012345678 c 1e-5 d 0.0001 e inf f -inf g 3.3 h -1e-300 i")]
    public void It_is_the_oracles(params string[] lines)
    {
        var (theirs, ours) = (Digest(Pair.Oracle, lines), Digest(Pair.Ours, lines));

        Assert.That(ours, Is.EqualTo(theirs).And.Match(@"^\+[0-9a-f]{40}$"));
    }

    [Test]
    public void It_counts_the_numbers_of_databases_not_where_their_data_came_from()
    {
        var ours = Digest(Pair.Ours, "SET a 1", "SELECT 1", "SET b 2", "SWAPDB 0 1");

        Assert.That(ours, Is.EqualTo(Digest(Pair.Oracle, "SET a 1", "SELECT 1", "SET b 2", "SWAPDB 0 1")));
    }

    private static string Digest(ServerProcess server, params string[] lines)
    {
        using var client = server.Connect();
        foreach (var line in lines)
            client.AskLine(line);

        return client.Ask("DEBUG", "DIGEST");
    }
}
