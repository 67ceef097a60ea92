using System.Net.Sockets;
using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

public sealed class SelectPollerTests
{
    [Test]
    public void The_list_keeps_every_entry_findable_under_random_use()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var list = new SelectList();
        var model = new Dictionary<int, RecordingPollable>();
        for (var step = 0; step < 5000; step++)
        {
            if (random.Next(3) > 0 || model.Count == 0)
            {
                var pollable = new RecordingPollable(socket);
                model.Add(list.Add(pollable), pollable);
            }
            else
            {
                var slot = model.Keys.ElementAt(random.Next(model.Count));
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
        for (var i = 0; i < 10; i++)
            list.Add(new RecordingPollable(socket));

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
        (var idle, _) = sockets.Connect();
        for (var i = 0; i <= SelectList.MaxWindow; i++)
        {
            // The same idle descriptor again and again: what is counted is entries of the list, not open files.
            Watch(poller, new RecordingPollable(idle.Socket));
        }

        (var last, var peer) = sockets.Connect();
        Watch(poller, last);
        peer.Send("x"u8);
        var ready = new ReadyList();
        for (var i = 0; i < 1000 && ready.Count == 0; i++)
            poller.Wait(-1, ready);

        Assert.That(ready.Count, Is.EqualTo(1));
        Assert.That(ready.Take(0, out _), Is.SameAs(last));
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
            list.RemoveAt(random.Next(list.Count));
    }
}
