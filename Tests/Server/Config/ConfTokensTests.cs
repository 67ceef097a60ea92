using KestrelFree.Server.Config;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>The quoting of configuration lines.</summary>
public sealed class ConfTokensTests
{
    [TestCase("", "")]
    [TestCase("   \t ", "")]
    [TestCase("port 6379", "port|6379")]
    [TestCase("  port   6379  ", "port|6379")]
    [TestCase("save \"\"", "save|")]
    [TestCase("a 'b c' \"d e\"", "a|b c|d e")]
    [TestCase("a\"b c\"", "ab c")]
    [TestCase(@"a ""\n\r\t\b\a\\\""\q""", "a|\n\r\t\b\a\\\"q")]
    [TestCase(@"a ""\x41\xfF\xg1""", "a|A\u00ffxg1")]
    [TestCase(@"a 'it\'s \n'", @"a|it's \n")]
    [TestCase(@"a\nb", @"a\nb")]
    public void A_line_splits_into_arguments(string line, string expected)
    {
        var tokens = ConfTokens.Split(line);

        Assert.That(tokens, Is.Not.Null);
        Assert.That(string.Join('|', tokens!), Is.EqualTo(expected));
    }

    [TestCase("a \"b")]
    [TestCase("a 'b")]
    [TestCase("a \"b\"c")]
    [TestCase("a 'b'c")]
    [TestCase("a \"b\\\"")]
    public void Unbalanced_quotes_refuse_the_whole_line(string line) => Assert.That(ConfTokens.Split(line), Is.Null);

    [Test]
    public void Any_bytes_quoted_read_back_alike()
    {
        const int Seed = 20261121;
        var random = new Random(Seed);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[random.Next(0, 24)];
            random.NextBytes(bytes);
            var text = ByteText.From(bytes);

            var tokens = ConfTokens.Split("x " + ByteText.Quote(text));

            Assert.That(tokens, Is.EqualTo(new[] { "x", text }), $"seed {Seed}, round {round}");
        }
    }
}
