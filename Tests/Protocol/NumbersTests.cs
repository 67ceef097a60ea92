using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

public sealed class NumbersTests
{
    [TestCase("0", 0)]
    [TestCase("-1", -1)]
    [TestCase("9223372036854775807", long.MaxValue)]
    [TestCase("-9223372036854775808", long.MinValue)]
    public void A_canonical_integer_is_read(string text, long expected)
    {
        var read = Numbers.TryParseInteger(Encoding.ASCII.GetBytes(text), out var value);

        Assert.That((read, value), Is.EqualTo((true, expected)));
    }

    [TestCase("")]
    [TestCase("-")]
    [TestCase("-0")]
    [TestCase("00")]
    [TestCase("01")]
    [TestCase("-01")]
    [TestCase("+1")]
    [TestCase(" 1")]
    [TestCase("1 ")]
    [TestCase("1\0")]
    [TestCase("1.0")]
    [TestCase("0x1")]
    [TestCase("9223372036854775808")]
    [TestCase("-9223372036854775809")]
    [TestCase("18446744073709551616")]
    [TestCase("99999999999999999999")]
    [TestCase("100000000000000000000")]
    public void Any_other_spelling_of_an_integer_is_refused(string text)
    {
        Assert.That(Numbers.TryParseInteger(Encoding.ASCII.GetBytes(text), out _), Is.False);
    }

    [Test]
    public void Integers_print_and_read_back([Random(long.MinValue, long.MaxValue, 50)] long value)
    {
        var digits = new byte[Numbers.MaxIntegerBytes];
        var length = Numbers.FormatInteger(digits, value);

        Assert.That(Numbers.TryParseInteger(digits.AsSpan(0, length), out var read) && read == value, Is.True, $"{value}");
        Assert.That(Numbers.DigitCount(value), Is.EqualTo(length));
    }

    [TestCase("18446744073709551615", ulong.MaxValue)]
    [TestCase("0", 0ul)]
    [TestCase("+5", 5ul)]
    [TestCase(" 007", 7ul)]
    public void An_unsigned_integer_is_read_as_strtoull_does(string text, ulong expected)
    {
        var read = Numbers.TryParseUnsigned(Encoding.ASCII.GetBytes(text), out var value);

        Assert.That((read, value), Is.EqualTo((true, expected)));
    }

    [TestCase("-5")]
    [TestCase("18446744073709551616")]
    [TestCase("")]
    [TestCase("1x")]
    [TestCase("+ 1")]
    public void What_is_no_unsigned_integer_is_refused(string text)
    {
        Assert.That(Numbers.TryParseUnsigned(Encoding.ASCII.GetBytes(text), out _), Is.False);
    }

    [TestCase("1", 1)]
    [TestCase("+1.5", 1.5)]
    [TestCase("-1e3", -1000)]
    [TestCase("1E+3", 1000)]
    [TestCase(".5", 0.5)]
    [TestCase("5.", 5)]
    [TestCase("007", 7)]
    [TestCase("inf", double.PositiveInfinity)]
    [TestCase("+Inf", double.PositiveInfinity)]
    [TestCase("-INFINITY", double.NegativeInfinity)]
    [TestCase("0x10", 16)]
    [TestCase("0x1.8p1", 3)]
    [TestCase("-0X.8P-1", -0.25)]
    [TestCase("5e-324", 5e-324)]
    [TestCase("1.7976931348623157e308", double.MaxValue)]
    [TestCase("0e999999", 0)]
    public void A_double_is_read_as_strtod_does(string text, double expected)
    {
        var read = Numbers.TryParseDouble(Encoding.ASCII.GetBytes(text), out var value);

        Assert.That((read, value), Is.EqualTo((true, expected)));
    }

    [TestCase("")]
    [TestCase(" 1")]
    [TestCase("1 ")]
    [TestCase("nan")]
    [TestCase("-nan")]
    [TestCase("1e")]
    [TestCase("1e+")]
    [TestCase(".")]
    [TestCase("-")]
    [TestCase("--1")]
    [TestCase("1,5")]
    [TestCase("1_000")]
    [TestCase("infx")]
    [TestCase("0x")]
    [TestCase("0xg")]
    [TestCase("1e400")]
    [TestCase("1e-400")]
    [TestCase("0x1p99999")]
    [TestCase("1\0")]
    public void What_is_no_double_is_refused(string text)
    {
        Assert.That(Numbers.TryParseDouble(Encoding.ASCII.GetBytes(text), out _), Is.False);
    }

    [TestCase(0, "0")]
    [TestCase(-0.0, "-0")]
    [TestCase(0.1, "0.1")]
    [TestCase(3.14, "3.14")]
    [TestCase(-12.5, "-12.5")]
    [TestCase(1e15, "1000000000000000")]
    [TestCase(1e17, "100000000000000000")]
    [TestCase(4.6e18, "4600000000000000000")]
    [TestCase(1e19, "1e+19")]
    [TestCase(1.5e300, "1.5e+300")]
    [TestCase(0.0001, "0.0001")]
    [TestCase(0.000001, "0.000001")]
    [TestCase(1e-7, "1e-7")]
    [TestCase(1.5e-9, "1.5e-9")]
    [TestCase(0.00012345678, "1.2345678e-4")]
    [TestCase(0.00123, "0.00123")]
    [TestCase(0.0012345678, "0.0012345678")]
    [TestCase(1.7976931348623157e308, "1.7976931348623157e+308")]
    [TestCase(5e-324, "5e-324")]
    [TestCase(17179869184.1, "17179869184.1")]
    [TestCase(12345678901234567890.0, "12345678901234567000")]
    public void A_double_prints_in_its_shortest_form(double value, string expected)
    {
        var digits = new byte[Numbers.MaxDoubleBytes];

        Assert.That(Encoding.ASCII.GetString(digits, 0, Numbers.FormatDouble(digits, value)), Is.EqualTo(expected));
    }

    [TestCase(0, "0")]
    [TestCase(0.1, "0.10000000000000001")]
    [TestCase(-2.5, "-2.5")]
    [TestCase(3, "3")]
    [TestCase(1e10, "10000000000")]
    [TestCase(1e16, "10000000000000000")]
    [TestCase(1e17, "1e+17")]
    [TestCase(1.5e300, "1.5000000000000001e+300")]
    [TestCase(0.0001, "0.0001")]
    [TestCase(0.00001, "1.0000000000000001e-05")]
    [TestCase(-1e-7, "-9.9999999999999995e-08")]
    [TestCase(5e-324, "4.9406564584124654e-324")]
    [TestCase(double.NegativeInfinity, "-inf")]
    public void A_double_prints_in_17_digits(double value, string expected)
    {
        var digits = new byte[Numbers.MaxDoubleBytes];

        Assert.That(Encoding.ASCII.GetString(digits, 0, Numbers.FormatGeneral(digits, value)), Is.EqualTo(expected));
    }

    [Test]
    public void Doubles_print_and_read_back()
    {
        const int Seed = 12345;
        var random = new Random(Seed);
        var digits = new byte[Numbers.MaxDoubleBytes];
        for (var i = 0; i < 100_000; i++)
        {
            var value = i % 2 == 0 ? BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)) : random.Next() / 1000.0;
            if (!double.IsFinite(value)) continue;
            var length = Numbers.FormatDouble(digits, value);
            if (!Numbers.TryParseDouble(digits.AsSpan(0, length), out var read) || read != value)
                Assert.Fail($"seed {Seed}, {value:R} printed as {Encoding.ASCII.GetString(digits, 0, length)}");
        }
    }

    [TestCase(1.005, 2, "1.00")]
    [TestCase(0, 2, "0.00")]
    [TestCase(12.3456, 3, "12.346")]
    public void A_double_prints_with_fixed_decimals(double value, int decimals, string expected)
    {
        var digits = new byte[64];

        Assert.That(Encoding.ASCII.GetString(digits, 0, Numbers.FormatFixed(digits, value, decimals)), Is.EqualTo(expected));
    }
}
