using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// A change of a key is told in two ways: as an event of its own, and to who has read the key. Redis tells most changes to the readers first; what a pop
// takes, as an event first; and of what is taken from one key and put into another, each by its own rule. One observer on RESP3 hears both: it subscribes
// to all events, and reads all keys before each request. Requests are parted by semicolons; "w>" begins one of a client that may have to wait.

/// <summary>Every command that changes keys, emptying them and not: in which order it is told of, as the oracle tells it.</summary>
internal sealed class EventOrderTests() : OracleFixture("--notify-keyspace-events", "KEAnm")
{
    // The string "v", as version 10 of the format has it.
    private const string Payload = @"""\x00\x01v\n\x00\x91\x08\xce\xb2\x198\x8a\xce""";

    private static readonly string[] Keys = ["k", "k2", "l", "l2", "s", "s2", "h", "z", "z2", "x", "g", "b"];

    private static readonly string[] Stories =
    [
        "SET k v; SET k w; SET k v EX 100000; SET k w KEEPTTL; SET k v XX GET; SET k w NX",
        "GETSET k v; GETSET k w; GETDEL k; GETDEL k",
        "SET k v; GETEX k EX 100000; GETEX k PERSIST; GETEX k PERSIST; GETEX k EXAT 1",
        "SETEX k 100000 v; PSETEX k 100000000 v; SETNX k v; SETNX k2 v; MSET k v k2 v l v; DEL l; MSETNX l a l2 b; MSETNX l2 a s b",
        "APPEND k v; APPEND k v; SETRANGE k 1 abc; SETRANGE k2 1 abc; SETRANGE k 1 \"\"; SETRANGE s 1 \"\"",
        "INCR k; DECR k; INCRBY k 3; DECRBY k 2; INCRBYFLOAT k 1.5; INCRBYFLOAT k2 1.5; INCR l",
        "SETBIT b 3 1; SETBIT b 3 1; SETBIT b 3 0; BITFIELD b SET u8 0 5 INCRBY u8 0 1; BITFIELD k SET u8 0 5; BITFIELD k GET u8 0; BITFIELD k OVERFLOW FAIL INCRBY u8 0 300",
        "SET k abc; BITOP NOT k2 k; BITOP AND k2 k b; BITOP OR k2 b z; BITOP OR k2 b z",
        "PFADD k a; PFADD k a; PFADD k b; PFADD k2; PFMERGE l k k2; PFMERGE k; PFCOUNT k",
        "SET k v; DEL k; DEL k; MSET k v k2 v l v; DEL k k2 s l; MSET k v k2 v; UNLINK k s k2",
        "SET k v; EXPIRE k 100000; EXPIRE k 100000 NX; PEXPIRE k 100000000; PERSIST k; PERSIST k; EXPIREAT k 99999999999; PEXPIREAT k 1; SET k v; EXPIRE k -1; EXPIRE k 0",
        "SET k v; RENAME k k2; SET k w; RENAME k k2; RENAME k2 k2; SET k v; RENAMENX k k2; RENAMENX k l; RENAME l l",
        "SET k v; MOVE k 1; SET k w; MOVE k 1; COPY k k2; COPY k k2; COPY k k2 REPLACE; COPY k l DB 2; COPY k l DB 2; COPY k l DB 2 REPLACE",
        $"RESTORE k 0 {Payload}; RESTORE k 100000000 {Payload} REPLACE; RESTORE k 1 {Payload} ABSTTL REPLACE; RESTORE k 1 {Payload} ABSTTL",
        "LPUSH l c b a; SORT l ALPHA STORE l2; SORT l ALPHA STORE l2; SORT k STORE l2; SORT k STORE l2",
        "LPUSH l a; RPUSH l b; LPUSHX l c; RPUSHX l d; RPUSHX l2 d; LSET l 0 e; LINSERT l BEFORE e f; LINSERT l AFTER nosuch f; LPUSH l a b c",
        "RPUSH l a b c d e f g h; LPOP l; RPOP l; LPOP l 2; RPOP l 2; LPOP l 0; LPOP l; LPOP l; LPOP l",
        "RPUSH l a b; LPOP l 5; RPUSH l a b; RPOP l 5; RPUSH l a; RPOP l; RPUSH l a b; LMPOP 2 l2 l LEFT; LMPOP 2 l2 l RIGHT COUNT 5",
        "RPUSH l a b c; LTRIM l 0 1; LTRIM l 0 5; LTRIM l 5 9; LTRIM l 0 0",
        "RPUSH l a b a c a; LREM l 1 a; LREM l 0 nosuch; LREM l -1 a; LREM l 0 b; LREM l 0 a; LREM l 0 c; LREM l 0 c",
        "RPUSH l a b c; LMOVE l l2 LEFT RIGHT; RPOPLPUSH l l2; LMOVE l l LEFT RIGHT; RPOPLPUSH l l2; LMOVE l2 l2 LEFT RIGHT; RPOPLPUSH l l2",
        "w> BLPOP l l2 0; RPUSH l2 a; w> BLPOP l 0; RPUSH l a b; w> BRPOP l 0; w> BLMPOP 0 2 l l2 LEFT COUNT 3; RPUSH l a b; w> BRPOP l 0; RPUSH l a b c; w> BLMPOP 0 1 l RIGHT",
        "w> BLMOVE l l2 LEFT RIGHT 0; RPUSH l a; w> BRPOPLPUSH l l2 0; RPUSH l a b; w> BLMOVE l l2 LEFT LEFT 0; w> BLMOVE k l LEFT LEFT 0; MULTI; RPUSH k a; RPUSH k b; EXEC",
        "SADD s a b c; SADD s a; SREM s a; SREM s nosuch; SREM s a b c; SREM s a; SADD s 1 2 3; SADD s a",
        "SADD s a b; SADD s2 b; SMOVE s s2 a; SMOVE s s2 b; SMOVE s s2 b; SMOVE s2 k a; SMOVE s2 s2 b",
        "SADD s 1 2 3 4 5; SPOP s; SPOP s 1; SPOP s 0; SPOP s 2; SPOP s; SPOP s; SADD s a b; SPOP s 5; SADD s 1 2 3 4 5 6; SPOP s 6",
        "SADD s a b; SADD s2 b c; SINTERSTORE k s s2; SUNIONSTORE k s s2; SDIFFSTORE k s s2; SDIFFSTORE k s s; SINTERSTORE k s l; SUNIONSTORE l k k2; SINTERSTORE s s s2",
        "HSET h f v; HSET h f w g v; HMSET h f v; HSETNX h f v; HSETNX h i v; HINCRBY h n 1; HINCRBYFLOAT h n 1.5; HDEL h nosuch; HDEL h f g; HDEL h i n; HDEL h n; HINCRBY h n 1; HDEL h n",
        "ZADD z 1 a 2 b; ZADD z 1 a; ZADD z XX 3 a; ZADD z NX 3 a; ZADD z CH 4 a 5 c; ZADD z INCR 1 a; ZINCRBY z 1 a; ZINCRBY z2 1 a; ZADD k XX 1 a; ZREM z nosuch; ZREM z a; ZREM z b c",
        "ZADD z 1 a 2 b 3 c 4 d; ZREMRANGEBYRANK z 0 0; ZREMRANGEBYSCORE z 2 2; ZREMRANGEBYLEX z [c [c; ZREMRANGEBYRANK z 5 9; ZREMRANGEBYSCORE z 0 9; ZADD z 0 a 0 b; ZREMRANGEBYLEX z - +; ZADD z 0 a; ZREMRANGEBYRANK z 0 -1",
        "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f; ZPOPMIN z; ZPOPMAX z; ZPOPMIN z 2; ZPOPMIN z 0; ZPOPMIN z; ZPOPMAX z; ZADD z 1 a 2 b; ZPOPMAX z 5; ZADD z 1 a 2 b; ZMPOP 2 z2 z MIN; ZMPOP 1 z MAX COUNT 4",
        "w> BZPOPMIN z 0; ZADD z 1 a; w> BZPOPMAX z2 z 0; ZADD z 1 a 2 b; w> BZPOPMIN z 0; w> BZMPOP 0 1 z MIN COUNT 5; ZADD z 1 a 2 b; w> BZMPOP 0 1 z MAX; ZADD z 1 a 2 b",
        "ZADD z 1 a 2 b; ZADD z2 1 b; ZUNIONSTORE k 2 z z2; ZINTERSTORE k 2 z z2; ZDIFFSTORE k 2 z z2; ZRANGESTORE k z 0 0; ZRANGESTORE k z 5 9; ZINTERSTORE k 2 z l; ZUNIONSTORE k 1 z; ZDIFFSTORE k 2 z z; ZRANGESTORE k l 0 -1",
        "GEOADD g 13.361389 38.115556 p 15.087269 37.502669 c; GEOADD g 13.361389 38.115556 p; GEOSEARCHSTORE k g FROMLONLAT 15 37 BYRADIUS 200 km; GEOSEARCHSTORE k g FROMLONLAT 5 7 BYRADIUS 1 km; GEORADIUS g 15 37 200 km STORE k; GEORADIUSBYMEMBER g p 1 m STOREDIST k; GEOSEARCHSTORE k l FROMLONLAT 5 7 BYRADIUS 1 km",
        "XADD x 1-1 f v; XADD x MAXLEN 1 2-1 f v; XADD x MAXLEN = 5 3-1 f v; XADD x 4-1 f v; XTRIM x MAXLEN 2; XTRIM x MAXLEN 5; XDEL x 3-1; XDEL x 3-1; XDEL x 4-1; XTRIM x MAXLEN 0; XADD x MAXLEN 0 5-1 f v; XSETID x 9-1; XADD k NOMKSTREAM 1-1 f v",
        "XGROUP CREATE x g 0 MKSTREAM; XADD x 1-1 f v; XGROUP CREATE x g2 0; XGROUP CREATECONSUMER x g c; XGROUP CREATECONSUMER x g c; XREADGROUP GROUP g c STREAMS x >; XACK x g 1-1; XGROUP SETID x g 0; XREADGROUP GROUP g d STREAMS x >; XCLAIM x g e 0 1-1; XAUTOCLAIM x g i 0 0; XGROUP DELCONSUMER x g d; XGROUP DESTROY x g; XGROUP DESTROY x g",
        "XGROUP CREATE x g $ MKSTREAM; XGROUP CREATECONSUMER x g c; w> XREADGROUP GROUP g c BLOCK 0 STREAMS x >; XADD x 1-1 f v; w> XREAD BLOCK 0 STREAMS x $; XADD x 2-1 f v; w> XREADGROUP GROUP g c BLOCK 0 STREAMS x >; XADD x 3-1 f v",
        "MSET k v k2 v; FLUSHDB; SET k v; SWAPDB 0 1; SET k v; FLUSHALL; FLUSHALL",
        "RPUSH l a b; SADD s a; ZADD z 1 a; MULTI; LPOP l; SPOP s; ZPOPMIN z; LPOP l; SET k v; DEL k; EXEC",
        OverPastKeys("SORT l STORE k", "SINTERSTORE k s s2", "SUNIONSTORE k s s2", "SDIFFSTORE k s s2", "ZUNIONSTORE k 2 z z2", "ZRANGESTORE k z 0 1", "GEOSEARCHSTORE k g FROMLONLAT 5 7 BYRADIUS 1 km", "BITOP OR k b l2"),
        "RPUSH l b a; SADD s a; SADD s2 a b; ZADD z 1 a; GEOADD g 5 7 p; SET b v; " + OverPastKeys("SORT l ALPHA STORE k", "SINTERSTORE k s s2", "SUNIONSTORE k s s2", "SDIFFSTORE k s2 s", "ZUNIONSTORE k 2 z z2", "ZRANGESTORE k z 0 1", "GEOSEARCHSTORE k g FROMLONLAT 5 7 BYRADIUS 1 km", "BITOP OR k b l2"),
        "RPUSH l a; SADD s a; ZADD z 1 a; HSET h f v; XADD x 1-1 f v; RENAME l l2; COPY s s2; MOVE z 1; EXPIRE h 0; RENAME l2 s",
    ];

    // Each over a key past its time, which in a transaction nobody has come to yet.
    private static string OverPastKeys(params string[] lines) => string.Join("; ", lines.Select(line => $"MULTI; SET k v PXAT 1; {line}; EXEC; DEL k"));

    [TestCaseSource(nameof(Stories))]
    public void Events_and_invalidations_come_in_the_oracles_order(string story) => Compare(server =>
    {
        using var observer = server.Connect();
        using var changer = server.Connect();
        using var waiter = server.Connect();
        changer.Ask("FLUSHALL");
        observer.Ask("HELLO", "3");
        observer.Ask("CLIENT", "TRACKING", "ON");
        observer.Ask("PSUBSCRIBE", "__key*");
        List<string> told = [];
        foreach (var line in story.Split("; "))
        {
            observer.SendRequest(["EXISTS", .. Keys]);
            Heard(observer);
            told.Add($"> {line}");
            if (line.StartsWith("w> ", StringComparison.Ordinal)) Wait(waiter, line[3..], changer);
            else told.Add(changer.AskLine(line)[..1]);
            told.AddRange(Heard(observer));
        }

        Assert.That(told, Has.None.EqualTo("-"), () => string.Join('\n', told));
        return told;
    });

    [Test]
    public void What_expires_is_an_event_first() => Compare(server => HeardOfExpiry(server, "__keyevent@0__:expired", ["SET", "k", "v", "PX", "500"]));

    // 7.0 knows no fields that expire.
    [Test]
    public void The_last_field_that_expires_is_two_events_first()
    {
        var heard = HeardOfExpiry(Pair.Ours, "__keyspace@0__:k", ["HSETEX", "k", "PX", "500", "FIELDS", "1", "f", "v"]);

        Assert.That(heard, Has.Count.EqualTo(3), () => string.Join('\n', heard));
        Assert.That(heard[0], Does.EndWith("\"hexpired\""));
        Assert.That(heard[1], Does.EndWith("\"del\""));
        Assert.That(heard[2], Does.Contain("invalidate"));
    }

    // What the observer hears until it is told that the key is invalid. It reads the key as soon as it has been set, in one message to the server.
    private static List<string> HeardOfExpiry(ServerProcess server, string channel, string[] set)
    {
        using var observer = server.Connect();
        observer.Ask("HELLO", "3");
        observer.Ask("FLUSHALL");
        observer.Ask("CLIENT", "TRACKING", "ON");
        observer.Send(RequestBytes.Pipeline([set, ["EXISTS", "k"], ["SUBSCRIBE", channel]]));
        Heard(observer);
        List<string> heard = [];
        do
            heard.Add(observer.ReadText());
        while (!heard[^1].Contains("invalidate", StringComparison.Ordinal));
        return heard;
    }

    // The server has learned of the request before it does of the first PING, and has run it in that turn.
    private static void Wait(RawConnection waiter, string line, RawConnection other)
    {
        waiter.SendRequest(ByteText.SplitArguments(line));
        for (var i = 0; i < 3; i++) other.Ask("PING");
    }

    private static List<string> Heard(RawConnection observer)
    {
        List<string> heard = [];
        observer.SendRequest("PING");
        while (observer.ReadText() is var text && text != "+PONG") heard.Add(text.Replace("\n", "", StringComparison.Ordinal));
        return heard;
    }
}
