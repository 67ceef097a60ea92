using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>AGGREGATE COUNT, which the oracle does not know: weights are added up, whatever the scores.</summary>
internal sealed class ZsetCountTests : InProcessFixture
{
    [SetUp]
    public void Fill()
    {
        foreach (var line in (string[])["ZADD a 7 x -inf y", "ZADD b 8 x 9 z", "SADD c x y z"])
            Client.AskLine(line);
    }

    [TestCase("ZUNION 3 a b c AGGREGATE COUNT WITHSCORES", "y 2 z 2 x 3")]
    [TestCase("ZINTER 3 a b c AGGREGATE count WITHSCORES", "x 3")]
    [TestCase("ZUNION 3 a b c WEIGHTS 2 0.5 -1 AGGREGATE COUNT WITHSCORES", "z -0.5 y 1 x 1.5")]
    [TestCase("ZUNION 2 a c WEIGHTS inf -inf AGGREGATE COUNT WITHSCORES", "z -inf x 0 y 0")]
    public void Weights_are_added_up(string request, string elements) => Assert.That(Elements(request), Is.EqualTo(elements));

    [TestCase("ZUNIONSTORE d 3 a b c AGGREGATE COUNT", "y 2 z 2 x 3")]
    [TestCase("ZINTERSTORE d 2 a c WEIGHTS 3 1 AGGREGATE COUNT", "x 4 y 4")]
    public void What_is_stored_has_such_scores(string request, string elements)
    {
        Client.AskLine(request);
        Assert.That(Elements("ZRANGE d 0 -1 WITHSCORES"), Is.EqualTo(elements));
    }

    private string Elements(string request) =>
        string.Join(' ', Client.AskLine(request).Split('\n').Skip(1).Select(line => line.Trim().TrimStart('$').Trim('"')));
}
