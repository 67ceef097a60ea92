using System.Globalization;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>Numbers and patterns, asked of redis-server. Every failure names its seed.</summary>
internal sealed class NumbersOracleTests
{
    private const int Seed = 20261121;

    private ServerProcess _redis = null!;
    private RawConnection _connection = null!;

    [OneTimeSetUp]
    public void Connect()
    {
        _redis = RedisProcess.Start();
        _connection = _redis.Connect();
    }

    [OneTimeTearDown]
    public void Disconnect()
    {
        _connection?.Dispose();
        _redis?.Dispose();
    }

    [Test]
    public void Sums_of_floats_are_redis_own_to_the_last_digit()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 4000; i++)
        {
            var left = RandomFloat(random);
            var right = RandomFloat(random);

            Assert.That(Sum(left, right), Is.EqualTo(IncrementByFloat(left, right)), $"seed {Seed}: {left} + {right}");
        }
    }

    [TestCase("10.5", "0.1")]
    [TestCase("3", "1.7e-17")]
    [TestCase("0", "1e-18")]
    [TestCase("-0", "-0")]
    [TestCase("-1e-30", "0")]
    [TestCase("5.0e3", "200")]
    [TestCase("17179869184", "1.5")]
    [TestCase("1e4000", "1")]
    [TestCase("1.18973149535723176502e+4932", "0")]
    [TestCase("1.18973149535723176502e+4932", "1.18973149535723176502e+4932")]
    [TestCase("1e4933", "0")]
    [TestCase("3.6e-4951", "0")]
    [TestCase("1e-4951", "0")]
    [TestCase("1e-4960", "0")]
    [TestCase("inf", "1")]
    [TestCase("1", "-inf")]
    [TestCase("0x1.8p3", "0x.8p-1")]
    [TestCase("0x1.fffffffffffffffp0", "0")]
    [TestCase("0x1.ffffffffffffffff8p0", "0")]
    [TestCase("0x1p20000", "0")]
    [TestCase("0x0p20000", "0")]
    [TestCase("0x1p-16445", "0x1p-16445")]
    [TestCase("0x1p-16446", "0")]
    [TestCase("0x1.8p-16446", "0")]
    [TestCase(" 1", "1")]
    [TestCase("1 ", "1")]
    [TestCase("nan", "1")]
    [TestCase("", "1")]
    [TestCase("1e99999999999999999999", "1")]
    [TestCase("0e99999999999999999999", "1")]
    public void Sums_at_the_limits_are_redis_own(string left, string right)
    {
        Assert.That(Sum(left, right), Is.EqualTo(IncrementByFloat(left, right)));
    }

    [Test]
    public void Doubles_are_read_as_redis_reads_scores()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 4000; i++)
        {
            var text = Mutate(random, RandomFloat(random));
            _connection.Ask("DEL", "z");
            var accepted = _connection.Ask("ZADD", "z", text, "m") == ":1";
            var ours = Numbers.TryParseDouble(ByteText.Bytes(text), out var value);

            Assert.That(ours, Is.EqualTo(accepted), $"seed {Seed}: {ByteText.Quote(ByteText.Bytes(text))}");
            if (accepted) Assert.That(value, Is.EqualTo(Score()), $"seed {Seed}: {text}");
        }
    }

    [Test]
    public void Integers_are_read_as_redis_reads_them()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 4000; i++)
        {
            var number = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            var text = Mutate(random, random.Next(3) == 0 ? ((random.Next(2) == 0 ? long.MaxValue : long.MinValue) / (Int128)random.Next(1, 3)).ToString() : number.ToString());
            _connection.Ask("SET", "n", "0");
            var accepted = !_connection.Ask("INCRBY", "n", text).StartsWith('-');

            Assert.That(Numbers.TryParseInteger(ByteText.Bytes(text), out var value), Is.EqualTo(accepted), $"seed {Seed}: {ByteText.Quote(ByteText.Bytes(text))}");
            if (accepted)
                Assert.That($"{value}", Is.EqualTo(_connection.AskPayload("GET", "n")), $"seed {Seed}: {text}");
        }
    }

    [Test]
    public void Patterns_match_as_in_redis()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 10_000; i++)
        {
            var text = RandomText(random, "abcAC]-^\\*\xe9\xf0", 6);
            var pattern = RandomText(random, "abcAC[]-^\\*?*\xe9\xf0", 9);
            // A pattern of one star alone lists all keys without matching any.
            if (pattern == "*") continue;
            _connection.Ask("FLUSHALL");
            _connection.Ask("SET", text, "1");
            _connection.SendRequest("KEYS", pattern);
            var expected = ByteText.Text(_connection.ReadReply()).StartsWith("*1", StringComparison.Ordinal);

            Assert.That(Glob.IsMatch(ByteText.Bytes(pattern), ByteText.Bytes(text), CaseSensitivity.Sensitive), Is.EqualTo(expected),
                $"seed {Seed}: {ByteText.Quote(ByteText.Bytes(pattern))} on {ByteText.Quote(ByteText.Bytes(text))}");
        }
    }

    [Test]
    public void Patterns_that_ignore_case_match_as_in_redis()
    {
        var random = new Random(Seed);
        string[] names = [.. ReplyReader.ReadAll(Request("CONFIG", "GET", "*"))[0].Items.Where((_, index) => index % 2 == 0).Select(item => item.Text)];
        for (var i = 0; i < 2000; i++)
        {
            var name = names[random.Next(names.Length)];
            var pattern = new StringBuilder();
            foreach (var letter in name.Take(random.Next(name.Length + 1)))
                pattern.Append(random.Next(6) switch { 0 => "?", 1 => $"[{char.ToUpperInvariant(letter)}]", 2 => char.ToUpperInvariant(letter).ToString(), 3 => "[A-m]", 4 => "[^b-F]", _ => letter.ToString() });
            pattern.Append('*');
            string[] expected = [.. ReplyReader.ReadAll(Request("CONFIG", "GET", pattern.ToString()))[0].Items.Where((_, index) => index % 2 == 0).Select(item => item.Text)];
            var bytes = ByteText.Bytes(pattern.ToString());

            Assert.That(names.Where(candidate => Glob.IsMatch(bytes, ByteText.Bytes(candidate), CaseSensitivity.Insensitive)), Is.EquivalentTo(expected), $"seed {Seed}: {pattern}");
        }
    }

    private static string Sum(string left, string right)
    {
        if (!ExtendedDouble.TryParse(ByteText.Bytes(left), out var a) || !ExtendedDouble.TryParse(ByteText.Bytes(right), out var b))
            return "-ERR value is not a valid float";
        var sum = a + b;
        if (!sum.IsFinite) return "-ERR increment would produce NaN or Infinity";
        var digits = new byte[ExtendedDouble.MaxFormattedBytes];
        return ByteText.Text(digits.AsSpan(0, sum.FormatHuman(digits)));
    }

    private static string RandomFloat(Random random)
    {
        var sign = random.Next(3) == 0 ? "-" : "";
        var digits = random.NextInt64(0, long.MaxValue).ToString(CultureInfo.InvariantCulture)[..random.Next(1, 18)];
        return random.Next(5) switch
        {
            0 => sign + digits,
            1 => $"{sign}{digits}e{random.Next(-30, 30)}",
            2 => $"{sign}{digits}.{random.Next()}e{random.Next(-330, 330)}",
            3 => $"{sign}0x{random.Next():x}.{random.Next():X}p{random.Next(-80, 80)}",
            _ => $"{sign}{random.Next(100_000)}.{digits}",
        };
    }

    private static string Mutate(Random random, string text)
    {
        if (random.Next(2) == 0) return text;
        var inserted = "0123456789+-. eExXpPinfINFtya\0_,"[random.Next(32)].ToString();
        var at = random.Next(text.Length + 1);
        return random.Next(2) == 0 ? text.Insert(at, inserted) : text.Remove(Math.Min(at, text.Length - 1), 1);
    }

    private static string RandomText(Random random, string alphabet, int longest)
    {
        var text = new StringBuilder();
        for (var i = random.Next(longest + 1); i > 0; i--)
            text.Append(alphabet[random.Next(alphabet.Length)]);
        return text.ToString();
    }

    private string IncrementByFloat(string left, string right)
    {
        _connection.Ask("SET", "f", left);
        return _connection.AskPayload("INCRBYFLOAT", "f", right);
    }

    private double Score() => Number(_connection.AskPayload("ZSCORE", "z", "m"));

    private static double Number(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private byte[] Request(params string[] arguments)
    {
        _connection.SendRequest(arguments);
        return _connection.ReadReply();
    }
}
