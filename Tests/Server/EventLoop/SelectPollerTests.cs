using System.Net.Sockets;
using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

public sealed class SelectPollerTests
{
    [Test]
    public void The_list_keeps_every_entry_findable_under_random_use()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var list = new SelectList();
        var model = new Dictionary<int, RecordingPollable>();
        for (int step = 0; step < 5000; step++)
        {
            if (random.Next(3) > 0 || model.Count == 0)
            {
                var pollable = new RecordingPollable(socket);
                model.Add(list.Add(pollable), pollable);
            }
            else
            {
                int slot = model.Keys.ElementAt(random.Next(model.Count));
                model.Remove(slot);
                list.Release(slot);
            }

            if (step % 50 == 0)
            {
                HideAtRandom(list, random);
                var held = Enumerable.Range(0, list.Total).Select(list.At);
                Assert.That(held, Is.EquivalentTo(model.Values), $"seed {seed}");
            }
        }
    }

    [Test]
    public void Hidden_entries_come_back_with_the_next_window()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var list = new SelectList();
        for (int i = 0; i < 10; i++)
        {
            list.Add(new RecordingPollable(socket));
        }

        list.ShowWindow(0);
        list.RemoveAt(3);
        list.RemoveAt(0);
        Assert.That(list.Count, Is.EqualTo(8));

        list.ShowWindow(0);
        Assert.That(list.Count, Is.EqualTo(10));
    }

    [Test]
    public void More_sockets_than_select_takes_are_polled_window_by_window()
    {
        using var sockets = new TestSockets();
        using var poller = new SelectPoller();
        (RecordingPollable idle, _) = sockets.Connect();
        for (int i = 0; i <= SelectList.MaxWindow; i++)
        {
            // The same idle descriptor again and again: what is counted is entries of the list, not open files.
            Watch(poller, new RecordingPollable(idle.Socket));
        }

        (RecordingPollable last, Socket peer) = sockets.Connect();
        Watch(poller, last);
        peer.Send("x"u8);
        var ready = new ReadyList();
        for (int i = 0; i < 1000 && ready.Count == 0; i++)
        {
            poller.Wait(-1, ready);
        }

        Assert.That(ready.Count, Is.EqualTo(1));
        Assert.That(ready.Take(0, out _), Is.SameAs(last));
    }

    [Test]
    public void Of_several_that_are_ready_the_one_served_longest_ago_comes_first([Values(0, 1, 2)] int servedLast)
    {
        using var sockets = new TestSockets();
        using var poller = new SelectPoller();
        var pairs = new[] { sockets.Connect(), sockets.Connect(), sockets.Connect() };
        foreach ((RecordingPollable ours, Socket _) in pairs)
        {
            Watch(poller, ours);
        }

        // Each is served once, `servedLast` after the others.
        var ready = new ReadyList();
        foreach ((RecordingPollable ours, Socket peer) in pairs.OrderBy(pair => pair == pairs[servedLast]))
        {
            peer.Send("x"u8);
            poller.Wait(-1, ready);
            Assert.That(ready.Take(0, out _), Is.SameAs(ours));
            ours.OnReadable();
            ready.Clear();
        }

        foreach ((RecordingPollable _, Socket peer) in pairs)
        {
            peer.Send("x"u8);
        }

        Assert.That(() => pairs.All(pair => pair.Ours.Socket.Poll(0, SelectMode.SelectRead)), Is.True.After(5000, 1));
        poller.Wait(-1, ready);
        Pollable?[] order = [ready.Take(0, out _), ready.Take(1, out _), ready.Take(2, out _)];
        Assert.That(order, Is.EqualTo(pairs.OrderBy(pair => pair == pairs[servedLast]).Select(pair => pair.Ours)));
    }

    private static void Watch(SelectPoller poller, RecordingPollable pollable)
    {
        pollable.Interest = PollEvents.Readable;
        poller.Update(pollable, PollEvents.None);
    }

    private static void HideAtRandom(SelectList list, Random random)
    {
        list.ShowWindow(0);
        while (list.Count > 0 && random.Next(10) > 0)
        {
            list.RemoveAt(random.Next(list.Count));
        }
    }
}
