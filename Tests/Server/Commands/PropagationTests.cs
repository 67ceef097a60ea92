using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What is fed for each command, beside what a real redis-server writes into its append-only file for the same.</summary>
[TestFixture]
public sealed class PropagationTests
{
    private readonly FedEffects _ours = new();
    private readonly FedEffects _theirs = new();
    private InProcessServer _server = null!;
    private ServerProcess _redis = null!;
    private RawConnection _us = null!;
    private RawConnection _them = null!;
    private string _file = "";
    private readonly List<RawConnection> _waiting = [];
    private long _read;

    private static IEnumerable<string> Scripts =>
    [
        "SET a 1|GET a|DEL missing|DEL a",
        "set a 1|APPEND a 2|select 3|Set b 2|SELECT 0|INCR a|SETNX a 2|SETNX c 1|DECRBY a 3",
        "SET a 1 EX 100|SET a 2 PX 100000|SET a 3 EXAT 99999999999|SET a 4 PXAT 99999999999999|SET a 5 KEEPTTL|SET a 6 NX|SET n 6 NX|SET a 7 XX",
        "SET a 1 GET|SET a 2 XX GET|SET a 3 EX 100 GET|SET a 4 GET KEEPTTL|SET missing 1 XX GET|GETSET a 5",
        "SETEX a 100 v|PSETEX a 100000 v|GETEX a|GETEX a EX 50|GETEX a PERSIST|GETEX a PERSIST|GETEX a EXAT 1|GETEX missing EX 5",
        "SET a 1|EXPIRE a 100|PEXPIRE a 100000|EXPIREAT a 99999999999|PEXPIREAT a 99999999999999|EXPIRE a 5 NX|EXPIRE a 50 XX|PERSIST a|PERSIST a|EXPIRE a -1|EXPIRE a 5",
        "SET a 1|GETDEL a|GETDEL a|SET a 1|UNLINK a b|MSET x 1 y 2|MSETNX x 2 z 3|MSETNX w 1 v 2",
        "SET f 1.5|INCRBYFLOAT f 0.25|EXPIRE f 100|INCRBYFLOAT f 1|HSET h n 1|HINCRBYFLOAT h n 0.5|HINCRBY h n 0|HINCRBY h m 2",
        "HSET h a 1 b 2|HSETNX h a 3|HSETNX h c 3|HDEL h a missing|HDEL h b c|HMSET g a 1",
        "SADD s a b c|SADD s a|SREM s missing|SREM s a|SMOVE s t b|SPOP s|SPOP s|SADD u 1 2 3|SPOP u 3|SPOP u 3|SADD u 1|SPOP u 0",
        "SADD s a b|SADD t b c|SINTERSTORE d s t|SINTERSTORE d s missing|SUNIONSTORE d s t|SDIFFSTORE d s s",
        "MULTI|SET a 1|EXEC|MULTI|SET a 1|INCR a|GET a|EXEC|MULTI|GET a|EXEC|MULTI|SET a 2|SELECT 5|SET b 1|EXEC|SET c 1|SELECT 0|SET a 1",
        "MULTI|SET a 1|SPOP missing|EXEC|MULTI|SET a 1|DISCARD|MULTI|GETDEL q|SET a x|INCR a|EXEC",
        "SET a 1 PXAT 1|GET a|SET a 1 PXAT 1|SET a 2|SET a 1 PXAT 1|SET b 1 PXAT 1|MGET a b c|SET a 1 PXAT 1|INCR a|SET a 1 PXAT 1|DEL a|EXISTS a",
        "SELECT 2|SET a 1 PXAT 1|SELECT 0|SET b 1|SELECT 2|TTL a|SET a 1 PXAT 1|MULTI|SET b 2|GET a|SET c 1|EXEC",
        "SET a 1|RENAME a b|RENAMENX b c|SET a 2|RENAMENX a c|COPY a d|COPY a d|COPY a d REPLACE|COPY a d DB 4|MOVE a 4|MOVE c 5|SWAPDB 4 5",
        "FLUSHALL|FLUSHDB|SET a 1|FLUSHDB ASYNC|FLUSHALL SYNC",
        "SET a 1|DEBUG SLEEP 0|OBJECT ENCODING a|TOUCH a|EXISTS a|TYPE a|DBSIZE|KEYS *|SCAN 0|RANDOMKEY",
        "SETBIT b 5 1|SETBIT b 5 1|SETRANGE b 3 xyz|SETRANGE b 3 \"\"|BITOP NOT c b|BITOP AND d missing|BITFIELD b SET u8 0 7|BITFIELD b GET u8 0|BITFIELD b INCRBY u8 0 1",
        "PFADD p a b c|PFADD p a|PFCOUNT p|PFCOUNT p|PFADD q z|PFMERGE r p q|PFCOUNT p q|PUBLISH ch hello",
        "RPUSH q 1 2 3 4 5 6|LPOP q|RPOP q 2|LMPOP 2 none q LEFT|LMPOP 1 q RIGHT COUNT 9|RPUSH q 1 2 3|BLPOP q 0|BRPOP none q 0|BLMPOP 0 1 q LEFT COUNT 5",
        "RPUSH q 1 2 3|LMOVE q r LEFT RIGHT|BLMOVE q r RIGHT LEFT 0|RPOPLPUSH q r|RPUSH q 1|BRPOPLPUSH q r 0|LMOVE r r LEFT RIGHT|LPUSHX missing 1|LREM r 0 none|LTRIM r 0 1|LSET r 0 x|LINSERT r BEFORE x y",
        "&BLPOP q w 0|RPUSH q a b|&BLMOVE src dst LEFT RIGHT 0|RPUSH src x|&BLPOP w 0|MULTI|RPUSH w 1|RPUSH w 2|EXEC|&BLMPOP 0 2 m n LEFT COUNT 2|RPUSH n 1 2 3",
        "ZADD z 1 a 2 b|ZADD z 1 a|ZADD z NX CH 3 a|ZADD z INCR 1 a|ZADD z XX GT 0 a|ZINCRBY z 0 a|ZINCRBY z 2 c|ZREM z none|ZREM z a none|ZREMRANGEBYRANK z 5 6|ZREMRANGEBYSCORE z -inf +inf",
        "ZADD z 1 a 2 b 3 c 4 d 5 e|ZPOPMIN z|ZPOPMAX z 2|ZPOPMIN none|ZPOPMIN z 0|ZMPOP 2 none z MIN|ZADD z 1 a 2 b|ZMPOP 1 z MAX COUNT 9|ZADD z 1 a 2 b 3 c|BZPOPMIN z 0|BZMPOP 0 1 z MAX COUNT 5",
        "ZADD z 1 a|SADD s a b|ZUNIONSTORE u 2 z s WEIGHTS 2 3|ZINTERSTORE u 2 z s|ZDIFFSTORE u 2 s z|ZDIFFSTORE u 2 z s|ZDIFFSTORE u 2 z s|ZRANGESTORE r z 0 -1|ZRANGESTORE r z 5 6|ZRANGESTORE r z 5 6",
        "&BZPOPMIN z w 0|ZADD z 1 a 2 b|&BZMPOP 0 2 m n MAX COUNT 2|ZADD n 1 a 2 b 3 c|&BZPOPMAX w 0|MULTI|ZADD w 1 a|ZADD w 2 b|EXEC",
        "GEOADD g 13 38 a 15 37 b|GEOADD g 13 38 a|GEOADD g NX CH 14 38 a 1 1 c|GEORADIUS g 15 37 200 km STORE s|GEOSEARCHSTORE s g FROMMEMBER a BYRADIUS 1 km STOREDIST|GEOSEARCHSTORE s none FROMMEMBER a BYRADIUS 1 km|GEORADIUS g 15 37 1 m",
        "XADD s 1-1 a 1|XADD s * a 2|XADD s MAXLEN = 1 * a 3|XADD s MAXLEN ~ 1 * a 4|XTRIM s MAXLEN = 1|XTRIM s MAXLEN = 0|XDEL s 1-1|XADD none NOMKSTREAM * a 1|XSETID s 9999999999999-1",
        "ZADD z 1 a 2 b|ZADD z NX 1 a|ZADD z INCR 1 a|ZINCRBY z 2 b|ZPOPMIN z|ZADD z 1 a 2 b 3 c 4 d|ZPOPMAX z 2|ZMPOP 2 none z MIN|ZADD z 1 a 2 b|BZPOPMIN z 0|ZADD z 1 a 2 b|BZMPOP 0 1 z MAX COUNT 9",
        "&BZPOPMAX z 0|ZADD z 1 a 2 b|ZADD y 1 a 5 c|ZUNIONSTORE d 2 z y|ZINTERSTORE d 2 z y|ZRANGESTORE e y 0 -1|ZREM d none|ZREMRANGEBYRANK y 0 0|ZREMRANGEBYSCORE y -inf +inf|ZDIFFSTORE d 2 none none2",
        "XADD s 1-1 a 1|XADD s 2-1 a 2|XGROUP CREATE s g 0|XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s >|XGROUP SETID s g $|XGROUP DELCONSUMER s g c|XGROUP DESTROY s g|XGROUP CREATE n g $ MKSTREAM",
        "RPUSH q 3 1 2|SORT q STORE sorted|SORT q|SORT none STORE sorted|SORT q BY nosort GET # STORE q",
        "SET a 1|DUMP a|RESTORE b 0 \"\\x00\\xc0\\x01\\n\\x00&x\\xe7\\xb6\\xd1\\x01\\x11\\xfc\" REPLACE",
    ];

    [OneTimeSetUp]
    public void Start()
    {
        _redis = RedisProcess.Start("--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes");
        _file = Path.Combine(_redis.Folder.Path, "appendonlydir", "appendonly.aof.1.incr.aof");
        _server = new InProcessServer(("enable-debug-command", "yes"));
        _server.OnLoop(() =>
        {
            _server.Server.Propagation.Attach(_ours);
            return 0;
        });
        _us = _server.Connect();
        _them = _redis.Connect();
    }

    [OneTimeTearDown]
    public void Stop()
    {
        foreach (var waiting in _waiting) waiting.Dispose();
        _us?.Dispose();
        _them?.Dispose();
        _server?.Dispose();
        _redis?.Dispose();
    }

    [TestCaseSource(nameof(Scripts))]
    public void What_is_fed_is_what_redis_writes(string script)
    {
        Begin();
        foreach (var line in script.Split('|'))
        {
            Run(line);
            Assert.That(Ours(), Is.EqualTo(Theirs()), line);
        }
    }

    // Consumers, and how much a group has read, are told by themselves here: the oracle's version forgets the latter.
    [TestCase("XADD s 1-1 a 1|XADD s 2-1 a 2|XGROUP CREATE s g 0|XREADGROUP GROUP g c COUNT 1 STREAMS s >|XREADGROUP GROUP g c STREAMS s 0|XACK s g 1-1|XACK s g 1-1|XGROUP CREATECONSUMER s g d")]
    [TestCase(
        "XADD s 1-1 a 1|XADD s 2-1 a 2|XGROUP CREATE s g 0|XREADGROUP GROUP g c STREAMS s >|XCLAIM s g d 0 1-1|XCLAIM s g d 0 1-1 JUSTID|XAUTOCLAIM s g e 0 0")]
    public void What_redis_writes_of_groups_is_fed_among_more(string script)
    {
        Begin();
        foreach (var line in script.Split('|'))
        {
            Run(line);
            Assert.That(Theirs().Where(static effect => effect is not (" MULTI" or " EXEC")), Is.SubsetOf(Ours()), line);
        }
    }

    // A line that begins with & waits, in a connection of its own.
    private void Run(string line)
    {
        if (!line.StartsWith('&'))
        {
            _us.AskLine(line);
            _them.AskLine(line);
            return;
        }

        Wait(_server.Connect(), _us, line[1..]);
        Wait(_redis.Connect(), _them, line[1..]);
    }

    private void Wait(RawConnection waiting, RawConnection watching, string line)
    {
        _waiting.Add(waiting);
        waiting.SendRequest(ByteText.SplitArguments(line));
        Eventually.True(() => watching.AskPayload("INFO", "clients").Contains("blocked_clients:1\r", StringComparison.Ordinal), () => "nobody waits");
    }

    // Keys past their time stay until they are met.
    private void Begin()
    {
        foreach (var connection in (RawConnection[])[_us, _them])
        {
            connection.AskLine("SELECT 0");
            Assert.That(connection.AskLine("DEBUG SET-ACTIVE-EXPIRE 0"), Is.EqualTo("+OK"));
            connection.AskLine("FLUSHALL");
        }

        Ours();
        Theirs();
    }

    private string[] Ours() => _server.OnLoop(_ours.Take);

    private string[] Theirs()
    {
        using var file = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(_read, SeekOrigin.Begin);
        var bytes = new byte[file.Length - _read];
        file.ReadExactly(bytes);
        _read = file.Length;
        _theirs.FeedFile(bytes);
        return _theirs.Take();
    }
}
