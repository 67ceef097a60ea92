using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

internal sealed class GlobTests
{
    [TestCase("", "")]
    [TestCase("a", "a")]
    [TestCase("a*", "a")]
    [TestCase("**a**", "xay")]
    [TestCase("*", "abc")]
    [TestCase("a?c", "abc")]
    [TestCase("[abc]", "b")]
    [TestCase("[^abc]", "d")]
    [TestCase("[a-c]x", "bx")]
    [TestCase("[c-a]x", "bx")]
    [TestCase("[\\]]", "]")]
    [TestCase("[ab", "a")]
    [TestCase("\\*", "*")]
    [TestCase("a\\", "a\\")]
    [TestCase("*a*b", "xaxbab")]
    [TestCase("__keyspace@*__:foo*", "__keyspace@0__:foobar")]
    public void A_pattern_matches(string pattern, string text)
    {
        Assert.That(Glob.IsMatch(ByteText.Bytes(pattern), ByteText.Bytes(text), CaseSensitivity.Sensitive), Is.True);
    }

    [TestCase("*", "")]
    [TestCase("", "a")]
    [TestCase("a", "b")]
    [TestCase("a", "A")]
    [TestCase("a?", "a")]
    [TestCase("[abc]", "d")]
    [TestCase("[^abc]", "a")]
    [TestCase("[]a]", "a")]
    [TestCase("\\*", "a")]
    [TestCase("*a*b", "xaxba")]
    public void A_pattern_does_not_match(string pattern, string text)
    {
        Assert.That(Glob.IsMatch(ByteText.Bytes(pattern), ByteText.Bytes(text), CaseSensitivity.Sensitive), Is.False);
    }

    [TestCase("ABC*", "abcd")]
    [TestCase("[A-C]", "b")]
    [TestCase("[X]", "x")]
    public void Case_may_be_ignored(string pattern, string text)
    {
        Assert.That(Glob.IsMatch(ByteText.Bytes(pattern), ByteText.Bytes(text), CaseSensitivity.Insensitive), Is.True);
    }

    // The recursive matcher would take more steps than there are atoms.
    [TestCase("a*", 50, "b")]
    [TestCase("*a", 50, "b")]
    [TestCase("a?*", 40, "c")]
    [TestCase("*[ab]", 40, "x")]
    [TestCase("**", 500, "b")]
    public void Many_stars_take_a_few_steps_per_byte(string part, int times, string end)
    {
        var pattern = ByteText.Bytes(string.Concat(Enumerable.Repeat(part, times)) + end);
        var text = ByteText.Bytes(new string('a', 100_000));

        Assert.That(Glob.IsMatch(pattern, text, CaseSensitivity.Sensitive, out var steps), Is.False);
        Assert.That(steps, Is.LessThan((3 * text.Length) + pattern.Length));
    }

    [Test]
    public void No_pattern_takes_more_steps_than_pattern_times_text()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 5000; round++)
        {
            var pattern = ByteText.Bytes(GlobPatterns.Random(random));
            var text = ByteText.Bytes(GlobPatterns.RandomText(random));

            Glob.IsMatch(pattern, text, CaseSensitivity.Sensitive, out var steps);

            Assert.That(steps, Is.LessThanOrEqualTo((pattern.Length + 1L) * (text.Length + 1L)), $"seed {seed}, round {round}");
        }
    }

    [TestCase("abc", false)]
    [TestCase("a*c", true)]
    [TestCase("a?c", true)]
    [TestCase("[a]", true)]
    [TestCase("\\a", true)]
    public void A_literal_pattern_is_known_as_one(string pattern, bool expected)
    {
        Assert.That(Glob.HasWildcards(ByteText.Bytes(pattern)), Is.EqualTo(expected));
    }
}
