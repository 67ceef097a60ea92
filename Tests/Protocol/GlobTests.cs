using System.Diagnostics;
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

    [Test]
    public void Many_stars_do_not_take_exponential_time()
    {
        byte[] pattern = ByteText.Bytes(string.Concat(Enumerable.Repeat("a*", 50)) + "b");
        byte[] text = ByteText.Bytes(new string('a', 100_000));
        var watch = Stopwatch.StartNew();

        Assert.That(Glob.IsMatch(pattern, text, CaseSensitivity.Sensitive), Is.False);
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
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
