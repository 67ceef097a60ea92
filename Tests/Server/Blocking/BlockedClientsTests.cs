using System.Diagnostics;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Blocking;

/// <summary>Blocking as WAIT uses it: a master without replicas waits for its whole timeout.</summary>
[TestFixture]
internal sealed class BlockedClientsTests : InProcessFixture
{
    [Test]
    public void A_timeout_is_kept_to_the_millisecond()
    {
        var watch = Stopwatch.StartNew();

        Assert.That(Client.Ask("WAIT", "1", "25"), Is.EqualTo(":0"));
        Assert.That(watch.Elapsed.TotalMilliseconds, Is.GreaterThanOrEqualTo(24.5));
        Assert.That(BlockedNow(), Is.Zero);
    }

    [Test]
    public void Wait_for_no_replica_does_not_block() => Assert.That(Client.Ask("WAIT", "0", "0"), Is.EqualTo(":0"));

    [Test]
    public void Requests_behind_a_blocked_one_run_after_it()
    {
        Client.Send(RequestBytes.Pipeline([["SET", "k", "1"], ["WAIT", "1", "20"], ["INCR", "k"], ["GET", "k"]]));

        Assert.That(new[] { Client.ReadText(), Client.ReadText(), Client.ReadText(), Client.ReadText() }, Is.EqualTo(new[] { "+OK", ":0", ":2", "$\"2\"" }));
    }

    [Test]
    public void Client_unblock_ends_the_waiting_as_its_timeout_would()
    {
        using var operatorClient = BlockAndConnect(out var id);

        Assert.That(operatorClient.Ask("CLIENT", "UNBLOCK", id), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo(":0"));
        Assert.That(operatorClient.Ask("CLIENT", "UNBLOCK", id), Is.EqualTo(":0"));
    }

    [Test]
    public void Client_unblock_with_error_replies_one()
    {
        using var operatorClient = BlockAndConnect(out var id);

        Assert.That(operatorClient.Ask("CLIENT", "UNBLOCK", id, "ERROR"), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("-UNBLOCKED client unblocked via CLIENT UNBLOCK"));
        Assert.That(Client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void A_blocked_client_that_disconnects_is_forgotten()
    {
        using var operatorClient = BlockAndConnect(out _);

        Client.Reset();

        Eventually.True(() => BlockedNow() == 0, () => "the client is still blocked");
        Assert.That(Server.OnLoop(() => Server.Server.Blocked.WithTimeout), Is.Zero);
    }

    [Test]
    public void A_blocked_client_can_be_killed()
    {
        using var operatorClient = BlockAndConnect(out var id);

        Assert.That(operatorClient.Ask("CLIENT", "KILL", "ID", id), Is.EqualTo(":1"));
        Assert.That(Client.ReadReplyOrClosed(), Is.Null);
        Assert.That(BlockedNow(), Is.Zero);
    }

    // What a push costs with many that wait is told by what it runs: the one request that it serves, of clients of the same key and of others.
    [Test]
    public void A_push_serves_one_of_many_and_looks_at_no_other()
    {
        const int clients = 400, pushes = 20;
        var waiting = new List<RawConnection>();
        for (var i = 0; i < clients; i++)
        {
            waiting.Add(Server.Connect());
            waiting[^1].SendRequest("BLPOP", "same", $"own{i}", "0");
            Eventually.True(() => BlockedNow() == waiting.Count, () => "a client does not block");
        }

        var before = Server.OnLoop(() => Server.Server.Statistics.Commands);
        for (var i = 0; i < pushes; i++)
            Client.Ask("RPUSH", "same", $"{i}");
        for (var i = 0; i < pushes; i++)
            Client.Ask("RPUSH", $"own{pushes + i}", "x");
        var after = Server.OnLoop(() => Server.Server.Statistics.Commands);

        for (var i = 0; i < 2 * pushes; i++)
            Assert.That(waiting[i].ReadText(), Is.EqualTo(i < pushes ? $"*2\n  $\"same\"\n  $\"{i}\"" : $"*2\n  $\"own{i}\"\n  $\"x\""));
        Assert.That(after - before, Is.InRange(2 * pushes, 4 * pushes));
        Assert.That(BlockedNow(), Is.EqualTo(clients - 2 * pushes));
        waiting.ForEach(client => client.Dispose());
    }

    private RawConnection BlockAndConnect(out string id)
    {
        id = Client.Ask("CLIENT", "ID")[1..];
        Client.SendRequest("WAIT", "1", "60000");
        Eventually.True(() => BlockedNow() == 1, () => "the client does not block");
        return Server.Connect();
    }
}
