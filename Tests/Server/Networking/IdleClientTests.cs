using KestrelFree.Server.Networking;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>The directive timeout.</summary>
internal sealed class IdleClientTests
{
    [Test]
    public void Who_waits_to_be_told_something_is_not_idle()
    {
        using var server = new InProcessServer(("timeout", "1000"));
        using var idle = server.Connect();
        using var subscriber = server.Connect();
        using var shard = server.Connect();
        using var monitor = server.Connect();
        using var waiting = server.Connect();
        idle.Ask("PING");
        subscriber.Ask("PSUBSCRIBE", "*");
        shard.Ask("SSUBSCRIBE", "s");
        monitor.Ask("MONITOR");
        waiting.SendRequest("BLPOP", "nothing", "0");
        Eventually.True(() => server.OnLoop(() => server.Server.Blocked.Count) == 1, () => "nobody waits");

        server.OnLoop(() => LeaveAlone(server.Server.Clients.Oldest));

        Assert.That(idle.IsClosedByServer(Eventually.Patience), "who just says nothing is idle");
        Assert.That(server.OnLoop(() => server.Server.Clients.Count), Is.EqualTo(4));
    }

    // As if nothing had been heard of them since 1970.
    private static bool LeaveAlone(Client? client)
    {
        for (; client is not null; client = client.Next) client.LastInteractionMs = 0;
        return true;
    }
}
