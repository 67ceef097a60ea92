using KestrelFree.Server.Networking;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

// What a client has not read must be over the soft limit for so many seconds in a row. The tests move the moment from which that counts, not the clock.

/// <summary>client-output-buffer-limit's soft limits, for each class of clients that there is.</summary>
internal sealed class SoftOutputLimitTests
{
    private const int SoftSeconds = 1000;

    [TestCase("normal")]
    [TestCase("pubsub")]
    public void A_client_may_be_over_its_soft_limit_for_so_many_seconds(string ofClass)
    {
        using var server = StartWithLimit(ofClass);
        using var hoarder = server.Connect();
        using var other = server.Connect();
        var client = Fill(server, hoarder, other, ofClass);

        Assert.That(server.OnLoop(() => IsClosedWhenOverFor(server, client, SoftSeconds - 1)), Is.False);
        Assert.That(server.OnLoop(() => IsClosedWhenOverFor(server, client, SoftSeconds + 1)), Is.True);
        Assert.That(other.Ask("PING"), Is.EqualTo("+PONG"));
        Assert.That(server.OnLoop(() => server.Server.Statistics.OutputBufferLimitDisconnections), Is.EqualTo(1));
    }

    [TestCase("normal")]
    [TestCase("pubsub")]
    public void Who_has_read_begins_anew(string ofClass)
    {
        using var server = StartWithLimit(ofClass);
        using var hoarder = server.Connect();
        using var other = server.Connect();
        var client = Fill(server, hoarder, other, ofClass);

        Eventually.True(
            () =>
            {
                hoarder.ReadAvailable(out _);
                return server.OnLoop(() => client.SoftLimitSinceMs == 0);
            },
            () => $"{client.Reply.Buffer.Length} bytes are left");
        Assert.That(server.OnLoop(() => client.Is(ClientFlags.Freed)), Is.False);
    }

    [Test]
    public void The_soft_limit_of_one_class_is_not_that_of_another()
    {
        using var server = StartWithLimit("normal");
        using var hoarder = server.Connect();
        using var other = server.Connect();
        hoarder.Ask("SUBSCRIBE", "x");
        for (var i = 0; i < 40; i++) other.Ask("PUBLISH", "x", new string('v', 500_000));

        Assert.That(server.OnLoop(() => server.Server.Clients.Oldest!.SoftLimitSinceMs), Is.Zero);
    }

    private static InProcessServer StartWithLimit(string ofClass) =>
        new(("client-output-buffer-limit", $"normal 0 0 0 pubsub 0 0 0 {ofClass} 0 1000000 {SoftSeconds}"));

    // More than sockets hold, so that the rest waits in the server.
    private static Client Fill(InProcessServer server, RawConnection hoarder, RawConnection other, string ofClass)
    {
        var value = new string('v', 500_000);
        if (ofClass == "pubsub")
        {
            hoarder.Ask("SUBSCRIBE", "x");
            for (var i = 0; i < 40; i++) other.Ask("PUBLISH", "x", value);
        }
        else
        {
            hoarder.Ask("SET", "big", value);
            hoarder.Send(RequestBytes.Pipeline(Enumerable.Repeat(new[] { "GET", "big" }, 40)));
        }

        Eventually.True(() => server.OnLoop(() => server.Server.Clients.Oldest!.SoftLimitSinceMs) != 0, () => "it is not over the limit");
        return server.OnLoop(() => server.Server.Clients.Oldest!);
    }

    private static bool IsClosedWhenOverFor(InProcessServer server, Client client, int seconds)
    {
        client.SoftLimitSinceMs = server.Server.Clock.NowMs - seconds * 1000L;
        server.Server.Replies.CheckLimit(client);
        return client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed);
    }
}
