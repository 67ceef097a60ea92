using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>
/// Whatever draws at random draws every element as often as any other: in every encoding, for counts of both signs, by themselves and many.
/// </summary>
internal sealed class FairDrawTests : SharedServerFixture
{
    private const int Cells = 50;
    private const int Draws = 10_000;

    // A chi-squared statistic of 49 degrees of freedom is above 120 once in ten million times, and lower where draws are without repeats.
    private const double Bound = 120;

    [OneTimeSetUp]
    public void Prepare()
    {
        foreach (var members in new[] { 50, 2000 })
        {
            int[] numbers = [.. Enumerable.Range(0, members)];
            Client.Ask(["SADD", $"set{members}", .. numbers.Select(n => $"m{n}")]);
            Client.Ask(["SADD", $"intset{members}", .. numbers.Select(n => $"{n}")]);
            Client.Ask(["HSET", $"hash{members}", .. numbers.SelectMany(n => new[] { $"m{n}", "v" })]);
            Client.Ask(["ZADD", $"zset{members}", .. numbers.SelectMany(n => new[] { $"{n}", $"m{n}" })]);
        }
    }

    [Test]
    public void Reads_are_fair(
        [Values("SRANDMEMBER set", "SRANDMEMBER intset", "HRANDFIELD hash", "ZRANDMEMBER zset")] string command, [Values(50, 2000)] int members, [Values("", "-100", "10", "40")] string count)
    {
        AssertFair($"{command}{members} {count}".TrimEnd(), members, before: null);
    }

    [Test]
    public void Pops_are_fair([Values("set", "intset")] string kind, [Values(50, 2000)] int members, [Values("", "7", "25")] string count)
    {
        AssertFair($"SPOP drained {count}".TrimEnd(), members, before: $"COPY {kind}{members} drained REPLACE");
    }

    [Test]
    public void Keys_are_drawn_fairly()
    {
        Client.Ask("SELECT", "1");
        Client.Ask(["MSET", .. Enumerable.Range(0, 500).SelectMany(n => new[] { $"m{n}", "v" })]);

        AssertFair("RANDOMKEY", 500, before: null);

        Client.Ask("SELECT", "0");
    }

    private void AssertFair(string line, int members, string? before)
    {
        var cells = new int[Cells];
        var portion = members == 2000 && before != null ? 20 : 200;
        for (var drawn = 0; drawn < Draws / (before == null ? 1 : 2);)
        {
            string[] lines = before == null ? [line] : [before, line];
            string[] requests = [.. Enumerable.Repeat(lines, portion).SelectMany(request => request)];
            Client.Send(RequestBytes.Pipeline(requests.Select(ByteText.SplitArguments)));
            foreach (var request in requests)
            {
                var reply = Client.ReadText();
                if (request != line) continue;
                foreach (var member in Members(reply))
                {
                    cells[int.Parse(member) * Cells / members]++;
                    drawn++;
                }
            }
        }

        var expected = (double)cells.Sum() / Cells;
        Assert.That(cells.Sum(cell => (cell - expected) * (cell - expected) / expected), Is.LessThan(Bound), string.Join(' ', cells));
    }

    private static IEnumerable<string> Members(string reply) =>
        reply.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith('$')).Select(line => line.Trim('$', '"').TrimStart('m'));
}
