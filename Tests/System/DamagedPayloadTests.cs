using KestrelFree.Storage;
using KestrelFree.Tests.Oracle;
using KestrelFree.Tests.Storage.Rdb;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

// RESTORE with payloads that were damaged and then signed anew, so that the damage reaches the reader; what is let in is then read and written
// by every command of its type. The server must live, whatever sanitize-dump-payload says, and what it holds must survive being saved and
// loaded.
//
// PAYLOAD_ROUNDS sets how many payloads are tried, PAYLOAD_SEED with which seed.

/// <summary>What RESTORE lets in no command can break.</summary>
internal sealed class DamagedPayloadTests
{
    private const int Batch = 100;
    private const int BatchesPerReload = 20;
    private const int FooterBytes = 10;

    private static readonly Dictionary<string, string[]> Commands = new()
    {
        ["string"] =
        [
            "GET k", "STRLEN k", "APPEND k x", "SETRANGE k 3 yy", "GETRANGE k 0 -1", "BITCOUNT k", "BITPOS k 1", "SETBIT k 77 1", "INCR k", "PFCOUNT k", "PFADD k a b", "PFMERGE k k",
            "BITFIELD k GET u8 3 INCRBY i5 2 1", "LCS k k", "GETEX k PERSIST",
        ],
        ["list"] =
        [
            "LLEN k", "LRANGE k 0 -1", "LRANGE k -3 -1", "LINDEX k 1", "LINDEX k -1", "LPOS k a COUNT 0", "LPOS k 17 RANK -1", "LSET k 0 first", "LSET k -1 99", "LINSERT k BEFORE 17 new",
            "LINSERT k AFTER first new", "LREM k 0 a", "LREM k -1 17", "LPUSH k 1 2 three", "RPUSH k 4 five 6", "LMOVE k k LEFT RIGHT", "LPOP k", "RPOP k 2", "LTRIM k 1 -2", "SORT k ALPHA", "LMPOP 1 k LEFT COUNT 2",
        ],
        ["set"] =
        [
            "SCARD k", "SMEMBERS k", "SISMEMBER k 17", "SMISMEMBER k a b 2", "SRANDMEMBER k 3", "SRANDMEMBER k -5", "SSCAN k 0 COUNT 100", "SADD k 5 99999999999", "SADD k text", "SREM k 17 a", "SUNION k k",
            "SINTER k k", "SDIFF k none", "SINTERSTORE copied k k", "SMOVE k other b", "SORT k ALPHA", "SPOP k", "SADD k c d e f g", "SPOP k 3",
        ],
        ["hash"] =
        [
            "HLEN k", "HGETALL k", "HGET k f", "HMGET k f g h", "HKEYS k", "HVALS k", "HSTRLEN k g", "HEXISTS k f", "HRANDFIELD k 3 WITHVALUES", "HRANDFIELD k -4", "HSCAN k 0", "HTTL k FIELDS 2 f g",
            "HSET k f 1 new 2", "HINCRBY k f 3", "HINCRBYFLOAT k f 0.5", "HEXPIRE k 1000 FIELDS 2 f g", "HPERSIST k FIELDS 1 f", "HPEXPIRETIME k FIELDS 2 f g", "HGETEX k EX 100 FIELDS 1 g", "HSETEX k EX 100 FIELDS 1 z 1",
            "HSET k a 1 b 2 c 3 d 4 e 5 i 6", "HGETDEL k FIELDS 1 f", "HDEL k g new",
        ],
        ["zset"] =
        [
            "ZCARD k", "ZRANGE k 0 -1 WITHSCORES", "ZREVRANGE k 0 -1", "ZSCORE k a", "ZRANK k b WITHSCORE", "ZREVRANK k c", "ZCOUNT k -inf +inf", "ZRANGEBYSCORE k 1 5 LIMIT 1 2", "ZRANGEBYLEX k - +", "ZLEXCOUNT k [a [c",
            "ZRANDMEMBER k 3", "ZSCAN k 0", "ZADD k 3 a 4 new", "ZADD k GT CH 9 b", "ZINCRBY k 2 c", "GEOPOS k a", "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 9000 km", "ZUNION 2 k k", "ZINTERSTORE copied 2 k k", "ZDIFF 2 k none",
            "ZREM k a", "ZADD k 1 p 2 q 3 r 4 s 5 t", "ZREMRANGEBYRANK k 0 0", "ZREMRANGEBYSCORE k 300 400", "ZPOPMIN k", "ZPOPMAX k 2", "SORT k ALPHA",
        ],
        ["stream"] =
        [
            "XLEN k", "XRANGE k - +", "XREVRANGE k + - COUNT 2", "XREAD STREAMS k 0", "XINFO STREAM k FULL", "XINFO GROUPS k", "XINFO CONSUMERS k g", "XPENDING k g", "XPENDING k g - + 10", "XADD k * f v g w", "XADD k * h i",
            "XREADGROUP GROUP g c STREAMS k >", "XREADGROUP GROUP g c STREAMS k 0", "XCLAIM k g d 0 1-1 FORCE", "XAUTOCLAIM k g d 0 0", "XACK k g 1-1", "XDEL k 1-1 1-2", "XDELEX k ACKED IDS 1 1-3", "XSETID k 99999999999999-1",
            "XGROUP CREATE k new 0", "XGROUP DELCONSUMER k g c", "XGROUP DESTROY k g", "XTRIM k MAXLEN 1", "XTRIM k MAXLEN 0",
        ],
    };

    private static readonly string[] EveryType = ["OBJECT ENCODING k", "MEMORY USAGE k", "DUMP k", "DEBUG OBJECT k", "DEBUG DIGEST-VALUE k", "COPY k copied REPLACE", "RENAME copied renamed", "TYPE renamed"];

    [Test]
    public void The_server_lives_whatever_it_is_given([Values("no", "yes")] string sanitize)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PAYLOAD_SEED"), out var chosen) ? chosen : Environment.TickCount & 0xffffff;
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("PAYLOAD_ROUNDS"), out var set) ? set : 2000;
        using var folder = new TempFolder();
        using var server = KestrelFreeProcess.Start(
            "--dir", folder.Path, "--enable-debug-command", "yes", "--sanitize-dump-payload", sanitize, "--hash-max-listpack-entries", "6", "--zset-max-listpack-entries", "6", "--set-max-listpack-entries", "6",
            "--set-max-intset-entries", "5", "--list-max-listpack-size", "4", "--list-compress-depth", "1", "--stream-node-max-entries", "3");
        using var client = server.Connect();
        var random = new Random(seed);
        var bodies = Bodies(client);
        var accepted = 0;
        for (var batch = 0; batch * Batch < rounds; batch++)
        {
            string[] payloads = [.. Enumerable.Range(0, Batch).Select(_ => DumpPayloads.Signed(ByteText.Text(Damaged(bodies, random)), RdbFormat.NewestVersion))];
            try
            {
                accepted += Try(client, payloads, random);
                if (batch % BatchesPerReload == 0)
                    Assert.That(client.Ask("DEBUG", "RELOAD"), Is.EqualTo("+OK"), $"seed {seed}, batch {batch}");
                client.Ask("FLUSHALL");
            }
            catch (EndOfStreamException)
            {
                throw new AssertionException($"seed {seed}, batch {batch}, PAYLOAD_SEED and PAYLOAD_ROUNDS try it again:\n{server.Log}");
            }
        }

        Assert.That(accepted, Is.GreaterThan(rounds / 100), $"seed {seed}");
        TestContext.Out.WriteLine($"seed {seed}: {accepted} of {rounds} payloads were let in");
    }

    // Those of every form that was ever written, and what this server makes of keys in each of its encodings.
    private static List<byte[]> Bodies(RawConnection client)
    {
        var bodies = new List<byte[]>(RdbBodies.All);
        SampleKeys.Fill(client);
        foreach (var key in SampleKeys.All.Where(key => key.Name is not ("string:noise" or "set:huge" or "list:huge" or "zset:huge" or "hash:huge")))
        {
            client.Ask("SELECT", "0");
            if (client.Ask("EXISTS", key.Name) == ":0") client.Ask("SELECT", "9");
            var dump = ByteText.Bytes(client.AskPayload("DUMP", key.Name));
            if (dump.Length < 4000) bodies.Add(dump[..^FooterBytes]);
        }

        client.Ask("SELECT", "0");
        client.Ask("FLUSHALL");
        return bodies;
    }

    private static int Try(RawConnection client, string[] payloads, Random random)
    {
        var types = Answers(client, [.. payloads.Select(payload => (string[])["RESTORE", "k", "0", payload, "REPLACE"]).SelectMany(restore => new[] { ["DEL", "k"], restore, ["TYPE", "k"] })]);
        var accepted = 0;
        for (var at = 0; at < payloads.Length; at++)
        {
            var type = types[3 * at + 2].TrimStart('+');
            if (!Commands.TryGetValue(type, out var commands)) continue;
            accepted++;
            var every = commands.Concat(EveryType).ToArray();
            if (random.Next(2) == 0) random.Shuffle(every);
            Answers(client, [["RESTORE", "k", "0", payloads[at], "REPLACE"], .. every.Select(ByteText.SplitArguments)]);
            client.Ask("RENAMENX", "k", $"kept{at}");
        }

        return accepted;
    }

    private static List<string> Answers(RawConnection client, IReadOnlyList<IReadOnlyList<string>> requests)
    {
        client.Send(RequestBytes.Pipeline(requests));
        return [.. requests.Select(_ => client.ReadText())];
    }

    private static byte[] Damaged(List<byte[]> bodies, Random random)
    {
        var bytes = bodies[random.Next(bodies.Count)].ToList();
        for (var count = 1 + random.Next(3); count > 0 && bytes.Count > 0; count--)
        {
            var at = random.Next(random.Next(3) == 0 ? bytes.Count : Math.Min(bytes.Count, 1 + random.Next(60)));
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 4:
                    bytes[at] = (byte)(bytes[at] + random.Next(-2, 3));
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }
}
