using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>The expiry of fields over the wire, which the oracle does not know: replies, conditions, errors, in both encodings.</summary>
[TestFixture(1)]
[TestFixture(200)]
internal sealed class HashExpiryCommandsTests(int otherFields) : InProcessFixture(("enable-debug-command", "yes"))
{
    private const string FarSeconds = "33177117420";

    [SetUp]
    public void Fill()
    {
        Server.OnLoop(() => Server.Server.Keyspace.Limits.HashMaxListpackEntries = 100);
        Ask("HSET h a 1 b 2 c 3");
        for (var i = 0; i < otherFields; i++) Ask($"HSET h other{i} v");
    }

    [TestCase("HEXPIREAT h 33177117420 FIELDS 3 a nosuch b", "1 -2 1")]
    [TestCase("HPEXPIREAT h 33177117420000 FIELDS 1 a", "1")]
    [TestCase("HEXPIRE h 100000 fields 1 a", "1")]
    [TestCase("HPEXPIRE h 100000000 FIELDS 1 a", "1")]
    [TestCase("HEXPIREAT h 1 FIELDS 2 a a", "2 -2")]
    [TestCase("HEXPIRE h 0 FIELDS 1 a", "2")]
    [TestCase("HPEXPIRE h 0 FIELDS 1 a", "2")]
    [TestCase("HEXPIREAT h 33177117420 XX FIELDS 1 a", "0")]
    [TestCase("HEXPIREAT h 33177117420 nx FIELDS 1 a", "1")]
    [TestCase("HEXPIREAT h 33177117420 GT FIELDS 1 a", "0")]
    [TestCase("HEXPIREAT h 33177117420 LT FIELDS 1 a", "1")]
    [TestCase("HEXPIREAT h 1 XX FIELDS 1 a", "0")]
    [TestCase("HEXPIREAT missing 33177117420 FIELDS 2 a b", "-2 -2")]
    [TestCase("HTTL h FIELDS 2 a nosuch", "-1 -2")]
    [TestCase("HPTTL missing FIELDS 2 a b", "-2 -2")]
    [TestCase("HPERSIST h FIELDS 2 a nosuch", "-1 -2")]
    [TestCase("HPERSIST missing FIELDS 1 a", "-2")]
    public void A_reply_for_each_field(string request, string replies) => Assert.That(Numbers(request), Is.EqualTo(replies));

    [Test]
    public void Times_are_told_in_the_unit_of_the_command()
    {
        Ask($"HEXPIREAT h {FarSeconds} FIELDS 1 a");

        Assert.That(Numbers("HEXPIRETIME h FIELDS 2 a b"), Is.EqualTo($"{FarSeconds} -1"));
        Assert.That(Numbers("HPEXPIRETIME h FIELDS 1 a"), Is.EqualTo($"{FarSeconds}000"));
        Ask("HEXPIRE h 1000 FIELDS 1 b");
        Assert.That(long.Parse(Numbers("HTTL h FIELDS 1 b")), Is.InRange(900, 1000));
        Assert.That(long.Parse(Numbers("HPTTL h FIELDS 1 b")), Is.InRange(900_000, 1_000_000));
    }

    [TestCase("NX", "0", "0")]
    [TestCase("XX", "1", "1")]
    [TestCase("GT", "1", "0")]
    [TestCase("LT", "0", "1")]
    public void Conditions_look_at_the_expiry_that_a_field_has(string condition, string later, string earlier)
    {
        Ask("HEXPIREAT h 33177117000 FIELDS 2 a b");

        Assert.That(Numbers($"HEXPIREAT h 33177117001 {condition} FIELDS 1 a"), Is.EqualTo(later));
        Assert.That(Numbers($"HEXPIREAT h 33177116999 {condition} FIELDS 1 b"), Is.EqualTo(earlier));
    }

    [Test]
    public void A_last_field_whose_time_has_passed_takes_the_key_along()
    {
        Ask("HSET one f v");
        Assert.That(Numbers("HEXPIREAT one 1 FIELDS 2 f f"), Is.EqualTo("2 -2"));
        Assert.That(Ask("EXISTS one"), Is.EqualTo(":0"));
    }

    [Test]
    public void Setting_a_field_takes_its_expiry_away_but_counting_keeps_it()
    {
        Ask($"HEXPIREAT h {FarSeconds} FIELDS 3 a b c");
        Ask("HSET h a 5");
        Ask("HINCRBY h b 5");
        Ask("HINCRBYFLOAT h c 0.5");

        Assert.That(Numbers("HEXPIRETIME h FIELDS 3 a b c"), Is.EqualTo($"-1 {FarSeconds} {FarSeconds}"));
        Assert.That(Numbers("HPERSIST h FIELDS 3 a b c"), Is.EqualTo("-1 1 1"));
        Assert.That(Numbers("HTTL h FIELDS 2 b c"), Is.EqualTo("-1 -1"));
        Assert.That(Ask("HMGET h a b c"), Is.EqualTo("*3\n  $\"5\"\n  $\"7\"\n  $\"3.5\""));
    }

    [Test]
    public void A_field_goes_when_its_time_comes()
    {
        Ask("HPEXPIRE h 1 FIELDS 1 a");
        Eventually.True(() => Ask("HGET h a") == "$nil", () => "the field is still read");
        Eventually.True(() => Ask("HLEN h") == $":{otherFields + 2}", () => "the field is still counted");
        Assert.That(Ask("INFO stats"), Does.Contain("expired_subkeys:1"));
    }

    [TestCase("HEXPIRE h abc FIELDS 1 a", "-ERR value is not an integer or out of range")]
    [TestCase("HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0")]
    [TestCase("HEXPIRE h 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command")]
    [TestCase("HPEXPIREAT h 70368744177665 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command")]
    [TestCase("HEXPIRE h 10 NX GT FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position")]
    [TestCase("HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0")]
    [TestCase("HEXPIRE h 10 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0")]
    [TestCase("HEXPIRE h 10 FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments")]
    [TestCase("HEXPIRE h 10 FIELDS 1 a b", "-ERR The `numfields` parameter must match the number of arguments")]
    [TestCase("HEXPIRE h 10 FIELDS 1", "-ERR wrong number of arguments for 'hexpire' command")]
    [TestCase("HTTL h FIELDS 0 a", "-ERR Number of fields must be a positive integer")]
    [TestCase("HTTL h FIELD 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position")]
    [TestCase("HTTL h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments")]
    [TestCase("HPERSIST h FIELDS -1 a", "-ERR Number of fields must be a positive integer")]
    [TestCase("HEXPIRE text abc FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    [TestCase("HTTL text junk 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    [TestCase("HGETDEL text FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    [TestCase("HGETDEL h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments")]
    [TestCase("HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command")]
    [TestCase("HEXPIRE h 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command")]
    [TestCase("HGETEX text EX junk FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    [TestCase("HGETEX h EX 10 PX 10 FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position")]
    [TestCase("HGETEX h EX 10 PERSIST FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position")]
    [TestCase("HGETEX h PERSIST EX 10 FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position")]
    [TestCase("HGETEX h EX ten FIELDS 1 a", "-ERR value is not an integer or out of range")]
    [TestCase("HGETEX h EX -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0")]
    [TestCase("HGETEX h PXAT 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hgetex' command")]
    [TestCase("HGETEX h PERSIST FIELDS 0 a", "-ERR Number of fields must be a positive integer")]
    [TestCase("HGETEX h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments")]
    [TestCase("HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified")]
    [TestCase("HSETEX h FNX FNX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified")]
    [TestCase("HSETEX h EX 10 KEEPTTL FIELDS 1 a 1", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")]
    [TestCase("HSETEX h PX 10 PX 10 FIELDS 1 a 1", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")]
    [TestCase("HSETEX text XX FIELDS 1 a 1", "-ERR unknown argument: XX")]
    [TestCase("HSETEX text FIELDS 1 a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value")]
    [TestCase("HSETEX h FNX KEEPTTL FNX FXX EX", "-ERR Only one of FXX or FNX arguments can be specified")]
    [TestCase("HSETEX h FNX KEEPTTL", "-ERR wrong number of arguments for 'hsetex' command")]
    [TestCase("HSETEX h FNX FIELDS 1 EX", "-ERR wrong number of arguments for 'hsetex' command")]
    [TestCase("HSETEX h EX 1 FNX KEEPTTL", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")]
    [TestCase("HSETEX h FNX EX 1 FXX", "-ERR Only one of FXX or FNX arguments can be specified")]
    [TestCase("HSETEX h EX 1 FNX PX", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")]
    [TestCase("HSETEX h KEEPTTL FNX FIELDS", "-ERR wrong number of arguments for 'hsetex' command")]
    [TestCase("HSETEX h FNX FIELDS a EX", "-ERR wrong number of arguments for 'hsetex' command")]
    [TestCase("HSETEX h EX -1 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0")]
    [TestCase("HSETEX h EXAT 70368744178 FIELDS 1 a 1", "-ERR invalid expire time in 'hsetex' command")]
    [TestCase("HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields")]
    [TestCase("HSETEX h FIELDS x a 1", "-ERR invalid number of fields")]
    [TestCase("HSETEX h FIELDS 2 a 1 b", "-ERR wrong number of arguments for 'hsetex' command")]
    [TestCase("HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command")]
    public void Errors_are_those_of_redis(string request, string error)
    {
        Ask("SET text t");
        Assert.That(Ask(request), Is.EqualTo(error));
    }

    [Test]
    public void Hgetdel_replies_the_values_for_the_last_time()
    {
        Assert.That(Ask("HGETDEL h FIELDS 3 a nosuch a"), Is.EqualTo("*3\n  $\"1\"\n  $nil\n  $nil"));
        Assert.That(Ask("HEXISTS h a"), Is.EqualTo(":0"));
        Assert.That(Ask("HGETDEL missing FIELDS 1 a"), Is.EqualTo("*1\n  $nil"));
        Ask("HSET one f v");
        Ask("HGETDEL one FIELDS 1 f");
        Assert.That(Ask("EXISTS one"), Is.EqualTo(":0"));
    }

    [Test]
    public void Hgetex_sets_and_takes_away_expiries()
    {
        Assert.That(Ask($"HGETEX h EXAT {FarSeconds} FIELDS 2 a nosuch"), Is.EqualTo("*2\n  $\"1\"\n  $nil"));
        Assert.That(Numbers("HEXPIRETIME h FIELDS 1 a"), Is.EqualTo(FarSeconds));
        Assert.That(Ask("HGETEX h FIELDS 1 a"), Is.EqualTo("*1\n  $\"1\""));
        Assert.That(Numbers("HEXPIRETIME h FIELDS 1 a"), Is.EqualTo(FarSeconds));
        Ask("HGETEX h PERSIST FIELDS 1 a");
        Assert.That(Numbers("HTTL h FIELDS 1 a"), Is.EqualTo("-1"));
        Assert.That(Ask("HGETEX h EX 0 FIELDS 1 b"), Is.EqualTo("*1\n  $\"2\""));
        Assert.That(Ask("HEXISTS h b"), Is.EqualTo(":0"));
        Assert.That(Ask("HGETEX h PXAT 1 FIELDS 1 a"), Is.EqualTo("*1\n  $\"1\""));
        Assert.That(Ask("HEXISTS h a"), Is.EqualTo(":0"));
    }

    [Test]
    public void Hsetex_sets_all_fields_or_none()
    {
        Assert.That(Ask($"HSETEX h FNX EXAT {FarSeconds} FIELDS 2 a 9 new 9"), Is.EqualTo(":0"));
        Assert.That(Ask($"HSETEX h FXX EXAT {FarSeconds} FIELDS 2 a 9 new 9"), Is.EqualTo(":0"));
        Assert.That(Ask("HEXISTS h new"), Is.EqualTo(":0"));
        Assert.That(Ask($"HSETEX h FXX EXAT {FarSeconds} FIELDS 2 a 8 b 9"), Is.EqualTo(":1"));
        Assert.That(Ask("HMGET h a b"), Is.EqualTo("*2\n  $\"8\"\n  $\"9\""));
        Assert.That(Numbers("HEXPIRETIME h FIELDS 3 a b c"), Is.EqualTo($"{FarSeconds} {FarSeconds} -1"));
        Ask("HSETEX h KEEPTTL FIELDS 1 a 7");
        Ask("HSETEX h FIELDS 1 b 7");
        Assert.That(Numbers("HEXPIRETIME h FIELDS 2 a b"), Is.EqualTo($"{FarSeconds} -1"));
        Assert.That(Ask($"HSETEX fresh FNX EXAT {FarSeconds} FIELDS 1 f v"), Is.EqualTo(":1"));
        Assert.That(Numbers("HEXPIRETIME fresh FIELDS 1 f"), Is.EqualTo(FarSeconds));
        Assert.That(Ask("HSETEX past EXAT 1 FIELDS 1 f v"), Is.EqualTo(":1"));
        Assert.That(Ask("HSETEX past EX 0 FXX FIELDS 1 f v"), Is.EqualTo(":0"));
        Assert.That(Ask("HSETEX past PX 0 FNX FIELDS 2 f v f w"), Is.EqualTo(":1"));
        Assert.That(Ask("EXISTS past"), Is.EqualTo(":0"));
    }

    // Field a expires.
    [TestCase("HINCRBYFLOAT h a 0.5", "0 HSETEX h keepttl fields 1 a 1.5")]
    [TestCase("HINCRBYFLOAT h b 0.5", "0 HSET h b 2.5")]
    [TestCase("HINCRBY h a 1", "0 HINCRBY h a 1")]
    [TestCase("HEXPIREAT h 33177117421 GT FIELDS 2 a nosuch", "0 HPEXPIREAT h 33177117421000 gt fields 2 a nosuch")]
    [TestCase("HPEXPIREAT h 33177117421000 NX FIELDS 1 a", "")]
    [TestCase("HEXPIRE h 0 FIELDS 2 a b", " MULTI|0 HDEL h a|0 HDEL h b| EXEC")]
    [TestCase("HPERSIST h FIELDS 1 a", "0 HPERSIST h fields 1 a")]
    [TestCase("HPERSIST h FIELDS 1 b", "")]
    [TestCase("HGETEX h FIELDS 1 a", "")]
    [TestCase("HGETEX h PERSIST FIELDS 1 a", "0 HPERSIST h fields 1 a")]
    [TestCase("HGETEX h EXAT 33177117421 FIELDS 1 a", "0 HPEXPIREAT h 33177117421000 fields 1 a")]
    [TestCase("HGETEX h PXAT 1 FIELDS 1 a", "0 HDEL h a")]
    [TestCase("HGETDEL h FIELDS 2 a nosuch", "0 HDEL h a")]
    [TestCase("HSETEX h FNX EXAT 33177117421 FIELDS 1 new v", "0 HSETEX h pxat 33177117421000 fields 1 new v")]
    [TestCase("HSETEX h FNX EXAT 33177117421 FIELDS 1 a v", "")]
    [TestCase("HSETEX h KEEPTTL FIELDS 1 a v", "0 HSETEX h keepttl fields 1 a v")]
    [TestCase("HSETEX h PX 0 FIELDS 1 a v", "0 HDEL h a")]
    public void What_is_propagated_means_the_same_later(string request, string effects)
    {
        Ask($"HEXPIREAT h {FarSeconds} FIELDS 1 a");
        var fed = new FedEffects();
        Server.OnLoop(() =>
        {
            Server.Server.Propagation.Attach(fed);
            return 0;
        });
        Ask(request);
        Assert.That(string.Join('|', fed.Take()), Is.EqualTo(effects));
    }

    [Test]
    public void Expiries_go_along_with_a_hash_wherever_it_goes()
    {
        Ask($"HEXPIREAT h {FarSeconds} FIELDS 1 a");
        Ask("COPY h copy");
        Ask("RENAME h renamed");
        Ask("MOVE copy 1");
        var payload = Ask("DUMP renamed");
        Assert.That(payload, Does.StartWith("$"));
        Ask("SELECT 1");

        Assert.That(Numbers("HEXPIRETIME copy FIELDS 2 a b"), Is.EqualTo($"{FarSeconds} -1"));
        Ask("SELECT 0");
        Assert.That(Numbers("HEXPIRETIME renamed FIELDS 2 a b"), Is.EqualTo($"{FarSeconds} -1"));
    }

    [Test]
    public void A_field_whose_time_has_passed_is_read_by_nothing()
    {
        Assert.That(Ask("DEBUG SET-ACTIVE-EXPIRE 0"), Is.EqualTo("+OK"));
        Ask("HSET gone f v");
        Ask("HPEXPIRE h 1 FIELDS 2 a b");
        Ask("HPEXPIRE gone 1 FIELDS 1 f");
        Eventually.True(() => Numbers("HPTTL h FIELDS 2 a b") == "-2 -2", () => "the fields have time left");

        Assert.That(Ask("HGETALL h"), Does.Not.Contain("\"a\"").And.Contain("\"c\""));
        Assert.That(Ask("HKEYS h").Split('\n'), Has.Length.EqualTo(otherFields + 2));
        Assert.That(Ask("HSCAN h 0 COUNT 1000"), Does.Not.Contain("\"a\"").And.Contain("\"c\""));
        Assert.That(Ask($"HRANDFIELD h {otherFields + 3}").Split('\n'), Has.Length.EqualTo(otherFields + 2));
        Assert.That(Ask("HRANDFIELD h -1000"), Does.Not.Contain("\"a\"").And.Not.Contain("\"b\""));
        Assert.That(Ask("HSTRLEN h a"), Is.EqualTo(":0"));
        Assert.That(Numbers("HPERSIST h FIELDS 1 a"), Is.EqualTo("-2"));
        Assert.That(Numbers("HEXPIRE h 100 FIELDS 1 a"), Is.EqualTo("-2"));
        Assert.That(Ask("HGETDEL h FIELDS 1 b"), Is.EqualTo("*1\n  $nil"));
        Assert.That(Ask("HGET gone f"), Is.EqualTo("$nil"));
        Assert.That(Ask("HRANDFIELD gone"), Is.EqualTo("$nil"));
        Assert.That(Ask("EXISTS gone"), Is.EqualTo(":0"));
    }

    private string Ask(string request) => Client.Ask(request.Split(' '));

    private string Numbers(string request) => string.Join(' ', Ask(request).Split('\n').Skip(1).Select(line => line.Trim().TrimStart(':')));
}
