using System.Globalization;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// Several clients wait for lists while another one writes, at random, on both servers in step. After each request the writer asks how many
// clients still wait: all others are answered, however long that takes to arrive.
//
// Since 7.2 a client that is served runs its request again from the start, which shows where a key of another type comes first, or where several
// of its keys are filled at once, by a transaction or a move that is served. So who waits for several keys waits for some that no waiting move
// fills.

/// <summary>Who is served when, and with what, as the oracle does it.</summary>
internal sealed class BlockingListTests
{
    private const int Waiters = 5;
    private const int Steps = 300;

    [Test]
    public void Waiting_clients_are_served_as_the_oracle_serves_them([Range(1, 4)] int seed)
    {
        using var oracle = RedisProcess.Start();
        using var ours = KestrelFreeProcess.Start();
        using var theirClients = new Clients(oracle);
        using var ourClients = new Clients(ours);
        var d = new Draw(OracleSettings.SeedOf(seed));
        List<string> story = [];
        for (var step = 0; step < Steps; step++)
        {
            var waiter = theirClients.Pick(d);
            var request = waiter < 0 ? Write(d) : Wait(d);
            story.Add($"{(waiter < 0 ? "writer" : $"waiter {waiter}")}> {string.Join(' ', request)}");
            var theirs = theirClients.Ask(waiter, request);
            var heard = ourClients.Ask(waiter, request);
            Assert.That(heard, Is.EqualTo(theirs), $"ORACLE_SEED={OracleSettings.Seed}, seed {seed}, step {step}:\n{string.Join('\n', story.TakeLast(60))}\n\n{ours.Log}");
            story.Add(theirs);
        }

        Assert.That(ourClients.Served, Is.GreaterThan(Steps / 20), "the script hardly made anybody wait");
    }

    private static string Key(Draw d) => $"k{d.Below(4)}";

    private static string[] Keys(Draw d) => d.Chance(50) ? [Key(d)] : d.Many(1, 3, () => $"k{d.Below(2)}");

    private static string Target(Draw d) => $"k{2 + d.Below(2)}";

    private static string End(Draw d) => d.Pick("LEFT", "RIGHT");

    private static string[] Elements(Draw d) => d.Many(1, 4, () => $"{d.Below(100)}");

    private static string[] Wait(Draw d)
    {
        switch (d.Below(5))
        {
            case 0: return ["BLPOP", .. Keys(d), "0"];
            case 1: return ["BRPOP", .. Keys(d), "0"];
            case 2: return ["BLMOVE", Key(d), Target(d), End(d), End(d), "0"];
            case 3: return ["BRPOPLPUSH", Key(d), Target(d), "0"];
            default:
                var keys = Keys(d);
                return ["BLMPOP", "0", $"{keys.Length}", .. keys, End(d), "COUNT", $"{1 + d.Below(3)}"];
        }
    }

    private static string[] Write(Draw d) => d.Below(14) switch
    {
        0 or 1 or 2 => ["RPUSH", Key(d), .. Elements(d)],
        3 or 4 or 5 => ["LPUSH", Key(d), .. Elements(d)],
        6 => ["LPUSHX", Key(d), .. Elements(d)],
        7 => ["LMOVE", Key(d), Key(d), End(d), End(d)],
        8 => ["RENAME", Key(d), Key(d)],
        9 => ["COPY", Key(d), Key(d), "REPLACE"],
        10 => ["SORT", Key(d), "STORE", Key(d)],
        11 => ["DEL", Key(d)],
        12 => ["LTRIM", Key(d), "1", "-1"],
        _ => ["LRANGE", Key(d), "0", "-1"],
    };

    /// <summary>The clients of one server.</summary>
    private sealed class Clients(ServerProcess server) : IDisposable
    {
        private readonly RawConnection _writer = server.Connect();
        private readonly RawConnection[] _waiters = [.. Enumerable.Range(0, Waiters).Select(_ => server.Connect())];
        private readonly bool[] _isWaiting = new bool[Waiters];

        /// <summary>How many were answered later than they asked.</summary>
        internal int Served { get; private set; }

        /// <summary>Who sends the next request: one of those that do not wait, or the writer (-1).</summary>
        internal int Pick(Draw d)
        {
            var waiter = d.Below(Waiters);
            return _isWaiting[waiter] || d.Chance(40) ? -1 : waiter;
        }

        /// <summary>Sends a request and says what everybody hears then.</summary>
        internal string Ask(int waiter, string[] request)
        {
            List<string> heard = [];
            if (waiter < 0) heard.Add($"writer< {_writer.Ask(request)}");
            else StartWaiting(waiter, request);

            var answered = _isWaiting.Count(isWaiting => isWaiting) - _writer.InfoNumber("blocked_clients");
            List<string> answers = [];
            Eventually.True(() => TakeAnswers(waiter, answers) == answered, () => $"{answers.Count} of {answered} answers came");
            return string.Join('\n', [.. heard, .. answers.Order(StringComparer.Ordinal)]);
        }

        // Once it is known to have run, it is known whether the client waits.
        private void StartWaiting(int waiter, string[] request)
        {
            var id = _waiters[waiter].Ask("CLIENT", "ID")[1..];
            _waiters[waiter].Ask("PING");
            _waiters[waiter].SendRequest(request);
            _isWaiting[waiter] = true;
            Eventually.True(() => !_writer.AskPayload("CLIENT", "LIST", "ID", id).Contains(" cmd=ping", StringComparison.Ordinal), () => "the request did not run");
        }

        private int TakeAnswers(int waiter, List<string> answers)
        {
            for (var i = 0; i < Waiters; i++)
            {
                if (!_isWaiting[i] || !_waiters[i].HasInput(TimeSpan.Zero)) continue;
                answers.Add($"waiter {i}< {_waiters[i].ReadText()}");
                _isWaiting[i] = false;
                if (i != waiter) Served++;
            }

            return answers.Count;
        }

        public void Dispose()
        {
            _writer.Dispose();
            foreach (var waiter in _waiters) waiter.Dispose();
        }
    }
}
