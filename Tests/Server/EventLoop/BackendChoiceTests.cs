using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

[Platform("Linux")]
public sealed class BackendChoiceTests
{
    [Test]
    public void Auto_moves_to_epoll_and_back_with_every_socket_and_its_interest()
    {
        using var loop = new EventLoop();
        using var sockets = new TestSockets();
        var watched = new List<(RecordingPollable Ours, System.Net.Sockets.Socket Peer)>();
        while (loop.WatchedCount < BackendChoice.EpollFrom)
        {
            Assert.That(loop.MultiplexingApi, Is.EqualTo("select"));
            watched.Add(sockets.Connect());
            loop.Add(watched[^1].Ours);
        }

        loop.EnableWritable(watched[0].Ours);
        loop.DisableReadable(watched[1].Ours);
        loop.RunTurn(0);
        Assert.That(loop.MultiplexingApi, Is.EqualTo("epoll"));
        CheckInterests(loop, watched);

        while (loop.WatchedCount >= BackendChoice.SelectBelow)
        {
            Assert.That(loop.MultiplexingApi, Is.EqualTo("epoll"));
            loop.Remove(watched[^1].Ours);
            watched.RemoveAt(watched.Count - 1);
        }

        loop.RunTurn(0);
        Assert.That(loop.MultiplexingApi, Is.EqualTo("select"));
        Assert.That(loop.Figures.BackendSwitches, Is.EqualTo(2));
        Assert.That(watched, Has.Count.EqualTo(1));
        var writables = watched[0].Ours.Writables;
        loop.RunTurn(20_000);
        Assert.That(watched[0].Ours.Writables, Is.GreaterThan(writables));
    }

    [Test]
    public void A_configured_back_end_is_kept_whatever_the_number_of_sockets()
    {
        Assert.That(BackendChoice.WantsEpoll(EventBackend.Select, 10_000, onEpoll: false), Is.False);
        Assert.That(BackendChoice.WantsEpoll(EventBackend.Epoll, 1, onEpoll: false), Is.True);
    }

    [Test]
    public void The_back_end_can_be_changed_while_the_loop_runs()
    {
        using var loop = new EventLoop(EventBackend.Select);
        using var sockets = new TestSockets();
        (var ours, var peer) = sockets.Connect();
        loop.Add(ours);

        loop.Backend = EventBackend.Epoll;
        peer.Send("x"u8);
        loop.RunTurn(20_000);

        Assert.That(loop.MultiplexingApi, Is.EqualTo("epoll"));
        Assert.That(ours.BytesRead, Is.EqualTo(1));
    }

    private static void CheckInterests(EventLoop loop, List<(RecordingPollable Ours, System.Net.Sockets.Socket Peer)> watched)
    {
        var writables = watched[0].Ours.Writables;
        var muted = watched[1].Ours.Readables;
        watched[1].Peer.Send("x"u8);
        watched[2].Peer.Send("y"u8);
        watched[2].Ours.Socket.Poll(20_000_000, System.Net.Sockets.SelectMode.SelectRead);
        var read = watched[2].Ours.BytesRead;

        loop.RunTurn(20_000);

        Assert.That(watched[0].Ours.Writables, Is.GreaterThan(writables));
        Assert.That(watched[1].Ours.Readables, Is.EqualTo(muted));
        Assert.That(watched[2].Ours.BytesRead, Is.EqualTo(read + 1));
    }
}
