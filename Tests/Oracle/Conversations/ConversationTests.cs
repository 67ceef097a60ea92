using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle.Conversations;

// Four clients talk to a real redis-server and to ours, one request after the other, in either protocol: transactions, watched keys, subscriptions of
// every kind, notifications, tracking with and without redirection, clients that wait, are held by a pause, want no replies, are killed. After each
// request everything that every client has heard is compared, byte by byte. A failure prints its seed and the shortest conversation that differs, with
// what both servers said; a few are gathered before the test gives up.
//
//     ORACLE_SCRIPTS=2000 ORACLE_SEED=1 dotnet test -c Release --filter Name~Generated_conversations
//
// plays others and more. A difference counts when it comes again: two requests on two connections may overtake each other on a machine that stalls.

/// <summary>Generated conversations of several clients with the oracle and with this server.</summary>
internal sealed class ConversationTests
{
    private const int Tries = 3;
    private const int FailuresTold = 5;

    [Test]
    public void Generated_conversations_are_the_oracles()
    {
        var tally = new Tally();
        using var pair = new OraclePair();
        using var oracle = new ConversationPlayer(pair.Oracle);
        using var ours = new ConversationPlayer(pair.Ours);
        var comparison = new ConversationComparison(oracle, ours, tally);
        var failures = new List<string>();
        for (var at = 0; at < OracleSettings.Scripts(50) && failures.Count < FailuresTold; at++)
        {
            var seed = OracleSettings.Seed + at;
            var script = ConversationDraw.Script(seed);
            if (DiffersAgain(script)) failures.Add($"seed {seed}; the shortest conversation that differs:\n{comparison.Told(ScriptShrinker.Shrink(script, DiffersAgain))}");
        }

        TestContext.Progress.WriteLine(tally);
        Assert.That(failures, Is.Empty, () => $"{string.Join('\n', failures)}\nOur log:\n{pair.Ours.Log}");

        bool DiffersAgain(Script script) => Enumerable.Range(0, Tries).All(_ => comparison.FirstMismatch(script) is not null);
    }
}
