using KestrelFree.Server.Config;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>Numbers and memory units.</summary>
public sealed class ConfNumbersTests
{
    [TestCase("0", 0UL)]
    [TestCase("", 0UL)]
    [TestCase("100b", 100UL)]
    [TestCase("1k", 1000UL)]
    [TestCase("1kb", 1024UL)]
    [TestCase("2M", 2_000_000UL)]
    [TestCase("2Mb", 2UL << 20)]
    [TestCase("3g", 3_000_000_000UL)]
    [TestCase("3GB", 3UL << 30)]
    [TestCase("18446744073709551615", ulong.MaxValue)]
    [TestCase("99999999999999999999999", ulong.MaxValue)]
    public void Memory_takes_units(string text, ulong expected)
    {
        Assert.That(ConfNumbers.TryParseMemory(text, out var bytes), Is.True);
        Assert.That(bytes, Is.EqualTo(expected));
    }

    [TestCase("-1")]
    [TestCase("1tb")]
    [TestCase("1 mb")]
    [TestCase("mb1")]
    [TestCase("1.5gb")]
    public void Other_text_is_no_memory(string text) => Assert.That(ConfNumbers.TryParseMemory(text, out _), Is.False);

    [TestCase(0, "0")]
    [TestCase(1000, "1000")]
    [TestCase(1024, "1kb")]
    [TestCase(1536, "1536")]
    [TestCase(3L << 20, "3mb")]
    [TestCase(5L << 30, "5gb")]
    public void Memory_is_written_in_its_largest_exact_unit(long bytes, string expected) =>
        Assert.That(ConfNumbers.FormatMemory(bytes), Is.EqualTo(expected));

    [TestCase("0", ExpectedResult = true)]
    [TestCase("-5", ExpectedResult = true)]
    [TestCase("9223372036854775807", ExpectedResult = true)]
    [TestCase("9223372036854775808", ExpectedResult = false)]
    [TestCase("-9223372036854775808", ExpectedResult = true)]
    [TestCase("05", ExpectedResult = false)]
    [TestCase("-0", ExpectedResult = false)]
    [TestCase("+5", ExpectedResult = false)]
    [TestCase(" 5", ExpectedResult = false)]
    [TestCase("5 ", ExpectedResult = false)]
    [TestCase("", ExpectedResult = false)]
    [TestCase("-", ExpectedResult = false)]
    public bool Strict_integers_have_one_form(string text) => ConfNumbers.TryParseStrict(text, out _);

    [TestCase("700", 8, 448L)]
    [TestCase(" +12", 10, 12L)]
    [TestCase("-7", 10, -7L)]
    [TestCase("", 10, 0L)]
    [TestCase("99999999999999999999", 10, long.MaxValue)]
    [TestCase("-99999999999999999999", 10, long.MinValue)]
    public void Lenient_integers_are_as_strtoll_takes_them(string text, int radix, long expected)
    {
        Assert.That(ConfNumbers.TryParseLenient(text, radix, out var value, out _), Is.True);
        Assert.That(value, Is.EqualTo(expected));
    }

    [TestCase("8", 8)]
    [TestCase("1a", 10)]
    [TestCase("- 1", 10)]
    public void Lenient_integers_end_at_the_end(string text, int radix) =>
        Assert.That(ConfNumbers.TryParseLenient(text, radix, out _, out _), Is.False);
}
