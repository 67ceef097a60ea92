using System.Net.Sockets;
using KestrelFree.Server.Loop;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

/// <summary>What the loop promises, through real loopback sockets and on each back end.</summary>
[TestFixture(EventBackend.Select)]
[TestFixture(EventBackend.Epoll)]
public sealed class EventLoopTests(EventBackend backend) : IDisposable
{
    private const int LongMs = 20_000;

    private EventLoop _loop = null!;
    private TestSockets _sockets = null!;

    [SetUp]
    public void Open()
    {
        if (backend == EventBackend.Epoll && !OperatingSystem.IsLinux()) Assert.Ignore("epoll is Linux's.");

        _loop = new EventLoop(backend);
        _sockets = new TestSockets();
    }

    [TearDown]
    public void Dispose()
    {
        _loop?.Dispose();
        _sockets?.Dispose();
    }

    [Test]
    public void The_back_end_is_named_as_info_shows_it()
    {
        Assert.That(_loop.MultiplexingApi, Is.EqualTo(backend == EventBackend.Epoll ? "epoll" : "select"));
    }

    [Test]
    public void Data_makes_its_socket_readable_and_no_other()
    {
        (var ours, var peer) = Watch();
        (var other, _) = Watch();
        peer.Send("hello"u8);

        _loop.RunTurn(LongMs);

        Assert.That(ours.BytesRead, Is.EqualTo(5));
        Assert.That(other.Readables, Is.Zero);
    }

    [Test]
    public void Unread_data_is_announced_every_turn()
    {
        (var ours, var peer) = Watch();
        ours.Drains = false;
        peer.Send("x"u8);

        _loop.RunTurn(LongMs);
        _loop.RunTurn(LongMs);

        Assert.That(ours.Readables, Is.EqualTo(2));
    }

    [Test]
    public void A_peer_that_closes_or_resets_makes_its_socket_readable()
    {
        (var closed, var closing) = Watch();
        closing.Dispose();
        _loop.RunTurn(LongMs);
        Assert.That(closed.Readables, Is.EqualTo(1));
        _loop.Remove(closed);

        (var reset, var resetting) = Watch();
        resetting.LingerState = new LingerOption(true, 0);
        resetting.Dispose();
        _loop.RunTurn(LongMs);
        Assert.That(reset.Readables, Is.EqualTo(1));
    }

    [Test]
    public void A_socket_is_writable_only_on_request()
    {
        (var ours, _) = Watch();

        _loop.RunTurn(0);
        Assert.That(ours.Writables, Is.Zero);

        _loop.EnableWritable(ours);
        _loop.EnableWritable(ours);
        _loop.RunTurn(LongMs);
        Assert.That(ours.Writables, Is.EqualTo(1));

        _loop.DisableWritable(ours);
        _loop.RunTurn(0);
        Assert.That(ours.Writables, Is.EqualTo(1));
    }

    [Test]
    public void A_socket_that_is_readable_and_writable_is_told_both_in_this_order()
    {
        (var ours, var peer) = Watch();
        var calls = new List<string>();
        ours.WhenReadable = () => calls.Add("readable");
        ours.WhenWritable = () => calls.Add("writable");
        peer.Send("x"u8);
        RunUntilReadable(ours);
        calls.Clear();
        ours.Drains = false;
        peer.Send("x"u8);
        RunUntilReadable(ours);
        calls.Clear();
        _loop.EnableWritable(ours);

        _loop.RunTurn(LongMs);

        Assert.That(calls, Is.EqualTo(new[] { "readable", "writable" }));
    }

    [Test]
    public void A_socket_without_interest_is_left_alone_even_when_its_peer_hangs_up()
    {
        (var ours, var peer) = Watch();
        _loop.DisableReadable(ours);
        peer.Send("x"u8);
        peer.Dispose();

        _loop.RunTurn(20);
        Assert.That(ours.Readables, Is.Zero);

        _loop.EnableReadable(ours);
        _loop.RunTurn(LongMs);
        Assert.That(ours.BytesRead, Is.EqualTo(1));
    }

    [Test]
    public void Removal_during_dispatch_drops_the_pending_event()
    {
        (var first, var firstPeer) = Watch();
        (var second, var secondPeer) = Watch();
        first.WhenReadable = () => Close(second);
        second.WhenReadable = () => Close(first);
        firstPeer.Send("x"u8);
        secondPeer.Send("x"u8);
        WaitUntilBothHaveData(first, second);

        _loop.RunTurn(LongMs);

        Assert.That(first.Readables + second.Readables, Is.EqualTo(1));
    }

    [Test]
    public void A_handler_may_remove_itself_before_it_would_be_told_writable()
    {
        (var ours, var peer) = Watch();
        _loop.EnableWritable(ours);
        ours.WhenReadable = () => Close(ours);
        peer.Send("x"u8);
        RunUntilReadable(ours);
        var writables = ours.Writables;

        _loop.RunTurn(0);

        Assert.That(ours.IsWatched, Is.False);
        Assert.That(ours.Writables, Is.EqualTo(writables));
    }

    [Test]
    public void A_removed_sockets_number_can_be_watched_again_at_once()
    {
        (var ours, var peer) = Watch();
        peer.Send("x"u8);
        ours.WhenReadable = () =>
        {
            Close(ours);
            ours = Watch().Ours;
        };

        _loop.RunTurn(LongMs);
        _loop.RunTurn(0);

        Assert.That(ours.Readables, Is.Zero);
    }

    [Test]
    public void A_socket_disposed_while_watched_does_not_stop_the_others()
    {
        (var broken, _) = Watch();
        (var ours, var peer) = Watch();
        broken.Socket.Dispose();
        peer.Send("x"u8);

        RunUntilReadable(ours);
        _loop.Remove(broken);

        Assert.That(ours.BytesRead, Is.EqualTo(1));
    }

    [Test]
    public void A_duplicate_of_a_closed_socket_cannot_disturb_the_loop()
    {
        (var closed, var peer) = Watch();
        using var duplicate = Duplicate(closed.Socket);
        closed.Socket.Dispose();
        _loop.Remove(closed);
        (var ours, var otherPeer) = Watch();
        peer.Send("x"u8);

        _loop.RunTurn(20);
        _loop.RunTurn(20);
        otherPeer.Send("x"u8);
        RunUntilReadable(ours);

        Assert.That(closed.Readables, Is.Zero);
        Assert.That(ours.BytesRead, Is.EqualTo(1));
    }

    [Test]
    public void A_turn_that_took_long_leaves_the_rest_to_the_next_one()
    {
        var happened = new List<string>();
        _loop.BeforeSleep = () => happened.Add("turn");
        for (var i = 0; i < 3; i++)
        {
            (var ours, var peer) = Watch();
            peer.Send("x"u8);
            ours.WhenReadable = () =>
            {
                happened.Add("served");
                var until = EventLoop.NowMicros() + 1000;
                SpinWait.SpinUntil(() => EventLoop.NowMicros() > until);
                if (happened.Count == 6) _loop.Stop();
            };
        }

        _loop.Run();

        Assert.That(happened, Is.EqualTo((string[])["turn", "served", "turn", "served", "turn", "served"]));
    }

    [Test]
    public void A_turn_serves_for_as_long_as_its_BeforeSleep_worked()
    {
        var happened = new List<string>();
        _loop.BeforeSleep = () =>
        {
            happened.Add("turn");
            Spin(1_000_000);
        };
        for (var i = 0; i < 3; i++)
        {
            (var ours, var peer) = Watch();
            peer.Send("x"u8);
            ours.WhenReadable = () =>
            {
                happened.Add("served");
                Spin(1000);
                if (happened.Count(what => what == "served") == 3) _loop.Stop();
            };
        }

        _loop.Run();

        Assert.That(happened, Is.EqualTo((string[])["turn", "served", "served", "served"]));

        // Work, not waiting: what counts is processor time.
        static void Spin(long micros)
        {
            var until = EventLoop.NowMicros() + micros;
            while (EventLoop.NowMicros() <= until)
            {
            }
        }
    }

    [Test]
    public void What_is_left_of_a_turn_is_dropped_with_its_socket()
    {
        (var first, var peer) = Watch();
        (var second, var otherPeer) = Watch();
        peer.Send("x"u8);
        otherPeer.Send("x"u8);
        RecordingPollable[] both = [first, second];
        foreach (var ours in both)
        {
            ours.WhenReadable = () =>
            {
                var until = EventLoop.NowMicros() + 1000;
                SpinWait.SpinUntil(() => EventLoop.NowMicros() > until);
                _loop.BeforeSleep = () => _loop.Remove(both.First(pollable => pollable != ours));
                _loop.AddTimer(20, () =>
                {
                    _loop.Stop();
                    return EventLoop.NoMore;
                });
            };
        }

        _loop.Run();

        Assert.That(first.Readables + second.Readables, Is.EqualTo(1));
    }

    [Test]
    public void A_nested_turn_serves_what_the_outer_turn_had_left_and_nothing_twice()
    {
        (var first, var firstPeer) = Watch();
        (var second, var secondPeer) = Watch();
        var nested = false;
        void NestOnce()
        {
            if (!nested)
            {
                nested = true;
                _loop.RunTurn(LongMs);
            }
        }

        first.WhenReadable = NestOnce;
        second.WhenReadable = NestOnce;
        firstPeer.Send("a"u8);
        secondPeer.Send("b"u8);
        WaitUntilBothHaveData(first, second);

        _loop.RunTurn(LongMs);

        Assert.That((first.BytesRead, second.BytesRead), Is.EqualTo((1, 1)));
        Assert.That((first.Readables, second.Readables), Is.EqualTo((1, 1)));
    }

    [Test]
    public void The_hooks_surround_the_poll()
    {
        var calls = new List<string>();
        _loop.AddTimer(0, () =>
        {
            calls.Add("timer");
            return EventLoop.NoMore;
        });
        _loop.BeforeSleep = () => calls.Add("before");
        _loop.AfterSleep = () => calls.Add("after");
        _loop.Post(() => calls.Add("posted"));

        _loop.RunTurn(LongMs);

        Assert.That(calls, Is.EqualTo(new[] { "timer", "before", "after", "posted" }));
    }

    [Test]
    public void A_turn_with_work_pending_does_not_wait()
    {
        _loop.WorkPending = true;

        var started = EventLoop.NowMicros();
        _loop.RunTurn(LongMs);

        Assert.That(EventLoop.NowMicros() - started, Is.LessThan(LongMs * 500L));
        Assert.That(_loop.WorkPending, Is.False);
    }

    [Test]
    public void A_turn_sleeps_until_the_next_timer_and_polls_no_more_often_than_needed()
    {
        var ran = false;
        var started = EventLoop.NowMicros();
        _loop.AddTimer(30, () =>
        {
            ran = true;
            _loop.WorkPending = true;
            return EventLoop.NoMore;
        });

        var turns = 0;
        while (!ran)
        {
            _loop.RunTurn();
            turns++;
        }

        Assert.That(EventLoop.NowMicros() - started, Is.GreaterThanOrEqualTo(30_000));
        Assert.That(turns, Is.LessThanOrEqualTo(3));
    }

    [Test]
    public void Posts_from_several_threads_all_run_on_the_loop_thread_and_each_threads_in_order()
    {
        const int Posters = 4;
        const int Each = 2000;
        var seen = new int[Posters];
        var inOrder = true;
        var total = 0;
        Thread[] threads = [.. Enumerable.Range(0, Posters).Select(poster => new Thread(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                var number = i;
                _loop.Post(() =>
                {
                    inOrder &= _loop.IsLoopThread && seen[poster]++ == number;
                    if (++total == Posters * Each) _loop.Stop();
                });
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());

        _loop.Run();

        Array.ForEach(threads, thread => thread.Join());
        Assert.That(inOrder, Is.True);
        Assert.That(total, Is.EqualTo(Posters * Each));
    }

    [Test]
    public void A_message_that_is_still_queued_is_not_queued_twice()
    {
        var message = new CountingMessage();
        _loop.Post(message);
        _loop.Post(message);

        _loop.RunTurn(LongMs);
        Assert.That(message.Deliveries, Is.EqualTo(1));

        _loop.Post(message);
        _loop.RunTurn(LongMs);
        Assert.That(message.Deliveries, Is.EqualTo(2));
    }

    [Test]
    public void Stop_from_another_thread_ends_a_sleeping_loop()
    {
        using var sleeping = new ManualResetEventSlim();
        _loop.BeforeSleep = sleeping.Set;
        var thread = new Thread(_loop.Run);
        thread.Start();
        sleeping.Wait();

        _loop.Stop();

        Assert.That(thread.Join(LongMs), Is.True);
    }

    [Test]
    public void A_thousand_idle_sockets_leave_the_busy_one_served()
    {
        var idle = new List<RecordingPollable>();
        for (var i = 0; i < 1000; i++)
            idle.Add(Watch().Ours);

        (var ours, var peer) = Watch();
        for (var i = 0; i < 20; i++)
        {
            peer.Send("x"u8);
            _loop.RunTurn(LongMs);
        }

        Assert.That(ours.BytesRead, Is.EqualTo(20));
        Assert.That(idle, Has.All.Matches<RecordingPollable>(pollable => pollable!.Readables == 0));
        Assert.That(_loop.WatchedCount, Is.EqualTo(1002));
    }

    [Test]
    public void A_turn_allocates_nothing()
    {
        (var ours, var peer) = Watch();
        _loop.AddTimer(0, () => 0);
        _loop.BeforeSleep = () => _loop.WorkPending = true;
        var one = new byte[1];
        void Turns(int count)
        {
            for (var i = 0; i < count; i++)
            {
                peer.Send(one);
                _loop.EnableWritable(ours);
                _loop.RunTurn();
                _loop.DisableWritable(ours);
            }
        }

        Assert.That(Allocations.InSteadyState(() => Turns(200)), Is.Zero);
    }

    [Test]
    public void The_figures_count_turns_and_the_time_spent_in_them()
    {
        _loop.AddTimer(0, () =>
        {
            var until = EventLoop.NowMicros() + 5000;
            while (EventLoop.NowMicros() < until)
            {
            }

            return EventLoop.NoMore;
        });
        _loop.Figures.AddCommandMicros(3);

        _loop.RunTurn(0);
        _loop.RunTurn(0);

        Assert.That(_loop.Figures.Turns, Is.EqualTo(2));
        Assert.That(_loop.Figures.DurationMicros, Is.GreaterThanOrEqualTo(5000));
        Assert.That(_loop.Figures.LongestTurnCpuMicros, Is.InRange(1, _loop.Figures.DurationMicros));
        Assert.That(_loop.Figures.CommandMicros, Is.EqualTo(3));

        _loop.Figures.Reset();
        Assert.That((_loop.Figures.Turns, _loop.Figures.DurationMicros, _loop.Figures.LongestTurnCpuMicros), Is.EqualTo((0, 0, 0)));
    }

    private static void WaitUntilBothHaveData(RecordingPollable first, RecordingPollable second)
    {
        Assert.That(first.Socket.Poll(LongMs * 1000, SelectMode.SelectRead), Is.True);
        Assert.That(second.Socket.Poll(LongMs * 1000, SelectMode.SelectRead), Is.True);
    }

    private static Socket Duplicate(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("Descriptors are duplicated by dup(2).");

        return new Socket(new SafeSocketHandle(Descriptors.Duplicate((int)socket.SafeHandle.DangerousGetHandle()), ownsHandle: true));
    }

    private (RecordingPollable Ours, Socket Peer) Watch()
    {
        (var ours, var peer) = _sockets.Connect();
        _loop.Add(ours);
        return (ours, peer);
    }

    private void Close(RecordingPollable pollable)
    {
        _loop.Remove(pollable);
        pollable.Socket.Dispose();
    }

    private void RunUntilReadable(RecordingPollable pollable)
    {
        var before = pollable.Readables;
        var deadline = EventLoop.NowMicros() + (LongMs * 1000L);
        while (pollable.Readables == before && EventLoop.NowMicros() < deadline)
            _loop.RunTurn(LongMs);
    }

    private sealed class CountingMessage : LoopMessage
    {
        internal int Deliveries { get; private set; }

        public override void OnLoop() => Deliveries++;
    }
}
