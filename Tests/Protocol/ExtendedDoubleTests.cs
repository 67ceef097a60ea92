using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>Numbers at the edge of what one word holds; <see cref="NumbersOracleTests"/> compares random ones with Redis.</summary>
internal sealed class ExtendedDoubleTests
{
    [TestCase("9223372036854775808")]
    [TestCase("9999999999999999999")]
    [TestCase("18446744073709551615")]
    [TestCase("18446744073709551616")]
    [TestCase("-18446744073709551616")]
    [TestCase("36893488147419103232")]
    [TestCase("0.18446744073709552")]
    public void A_number_at_the_edge_of_a_word_reads_back(string text)
    {
        var digits = new byte[ExtendedDouble.MaxFormattedBytes];

        Assert.That(ExtendedDouble.TryParse(ByteText.Bytes(text), out var value), Is.True);
        Assert.That(ByteText.Text(digits.AsSpan(0, value.FormatHuman(digits))), Is.EqualTo(text));
    }
}
