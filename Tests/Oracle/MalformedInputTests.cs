using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>Malformed input against the oracle: the bytes that come back, and whether the connection is closed.</summary>
[TestFixture("")]
[TestFixture("secret")]
internal sealed class MalformedInputTests(string password) : OracleFixture("--requirepass", password)
{
    // Rows go by number: some inputs hold bytes that a test's name cannot.
    private static readonly IEnumerable<int> Rows = Enumerable.Range(0, MalformedInputs.All.Length);

    [Test]
    public void Each_input_gets_the_oracles_bytes_and_the_same_end([ValueSource(nameof(Rows))] int row)
    {
        var input = ByteText.Bytes(MalformedInputs.All[row]);

        var ours = Outcome(Pair.Ours, input);

        Assert.That(ours, Is.EqualTo(Outcome(Pair.Oracle, input)), () => Shown(input));
    }

    [Test]
    public void Mutated_requests_get_the_oracles_bytes()
    {
        for (var seed = 1; seed <= 400; seed++)
        {
            var input = MalformedInputs.Mutated(OracleSettings.SeedOf(seed));
            var (theirs, ours) = (AllReplies(Pair.Oracle, input), AllReplies(Pair.Ours, input));
            Assert.That(ours, Is.EqualTo(theirs), () => $"seed {seed}: {Shown(input)}");
        }
    }

    [Test]
    public void A_neighbour_is_not_harmed()
    {
        using var neighbour = Pair.Ours.Connect();
        if (password != "") neighbour.Ask("AUTH", password);

        foreach (var input in MalformedInputs.All)
            AllReplies(Pair.Ours, ByteText.Bytes(input));

        Assert.That(neighbour.Ask("PING"), Is.EqualTo("+PONG"));
    }

    /// <summary>What a client that sends these bytes and no more reads until the end.</summary>
    private static string AllReplies(ServerProcess server, byte[] input)
    {
        using var client = server.Connect();
        client.Send(input);
        client.CloseSending();
        return ReplyText.RenderAll(client.ReadToEnd());
    }

    /// <summary>The replies, and whether a client that stays on the line is cut off.</summary>
    private static string Outcome(ServerProcess server, byte[] input)
    {
        var replies = AllReplies(server, input);
        var isEnd = replies.Contains("Protocol error", StringComparison.Ordinal) || input.AsSpan().IndexOf("QUIT"u8) >= 0 || input.AsSpan().IndexOf("quit"u8) >= 0;
        using var client = server.Connect();
        client.Send(input);
        for (var count = replies.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line[0] is not (' ' or 'b')); count > 0; count--)
            client.ReadReply();

        var closed = client.IsClosedByServer(isEnd ? TimeSpan.FromSeconds(5) : TimeSpan.FromMilliseconds(20));
        return $"{replies}\n{(closed ? "closed" : "open")}";
    }

    private static string Shown(byte[] input) => ByteText.Quote(input.AsSpan(0, Math.Min(200, input.Length)));
}
