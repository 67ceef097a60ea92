using System.Net.Sockets;
using System.Runtime.Versioning;
using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class EpollPollerTests
{
    [Test]
    public void Who_was_served_and_sends_again_comes_after_those_who_sent_meanwhile()
    {
        using var sockets = new TestSockets();
        using var poller = new EpollPoller();
        (var first, var firstPeer) = Watch(sockets, poller);
        (var second, var secondPeer) = Watch(sockets, poller);

        firstPeer.Send("1"u8);
        Assert.That(Wait(poller, 1), Is.EqualTo([first]));
        first.OnReadable();
        poller.EndService();

        secondPeer.Send("2"u8);
        firstPeer.Send("3"u8);
        Assert.That(Wait(poller, 2), Is.EqualTo([second, first]));
    }

    [Test]
    public void What_the_end_of_service_finds_is_reported_by_the_next_wait()
    {
        using var sockets = new TestSockets();
        using var poller = new EpollPoller();
        (var ours, var peer) = Watch(sockets, poller);

        peer.Send("1"u8);
        Assert.That(ours.Socket.Poll(30_000_000, SelectMode.SelectRead), Is.True);
        poller.EndService();

        Assert.That(Wait(poller, 1), Is.EqualTo([ours]));
    }

    private static (RecordingPollable Ours, Socket Peer) Watch(TestSockets sockets, EpollPoller poller)
    {
        (var ours, var peer) = sockets.Connect();
        ours.Interest = PollEvents.Readable;
        poller.Update(ours, PollEvents.None);
        return (ours, peer);
    }

    /// <summary>Polls until so many are ready at once, and gives them in the order of service.</summary>
    private static Pollable[] Wait(EpollPoller poller, int count)
    {
        var ready = new ReadyList();
        for (var i = 0; i < 1000; i++)
        {
            poller.Wait(30, ready);
            if (ready.Count == count) break;

            for (var taken = 0; taken < ready.Count; taken++)
                ready.Take(taken, out _);

            ready.Clear();
        }

        return [.. Enumerable.Range(0, ready.Count).Select(i => ready.Take(i, out _)!)];
    }
}
