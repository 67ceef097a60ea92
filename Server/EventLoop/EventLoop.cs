using System.Diagnostics;

namespace KestrelFree.Server.Loop;

// One thread, one turn after the other:
//
//      due timers -> BeforeSleep -> poll -> AfterSleep -> OnReadable / OnWritable of what is ready
//
// The poll waits until the next timer, or not at all while WorkPending says that a client has requests left over from its share of
// the last turn. Timers and deadlines are kept in microseconds and the wait is rounded up to whole milliseconds, the unit of both
// back ends: rounding down would call poll a thousand times in the last millisecond before a timer.
//
// A turn serves ready sockets for half a millisecond. Those it did not get to come first in the next turn, in place of a poll. So replies leave
// after a millisecond at the latest even when hundreds of clients have full pipelines, and timers and BeforeSleep's slices of upkeep are never
// added to more than that: 50 clients with 16 SETs each, every one of which evicted a key, had made turns of 4.4 ms of CPU. Where BeforeSleep
// itself takes two milliseconds or more, as it does when a message goes to thousands of subscribers, sockets are served for as long: one send
// then carries what several publishers said.
//
// Ownership: everything but Post, Stop and IsLoopThread belongs to the loop thread. A handler may add and remove anything at any time, itself
// included. A removed socket's event that is still pending in this turn is dropped, so a handler is never called for a client that
// another handler closed; and an event whose interest was withdrawn meanwhile is not delivered.
//
// A handler may run a nested turn (serving PING while a file loads): it runs no timers, and the outer turn drops the events it had left, which
// the next level-triggered poll finds again.
//
// The back ends differ in cost, and in whether those are served first that were ready first. With `auto` the loop starts on Select and moves all
// sockets to epoll, between two turns, when there is more than one client (see BackendChoice), and back when they have gone.
//
// A turn allocates nothing. An exception out of a handler is a defect of the server and ends the loop: a user's error never gets here.

/// <summary>The single-threaded loop that serves timers, posted messages and watched sockets.</summary>
public sealed class EventLoop : IDisposable
{
    /// <summary>What a timer's callback answers to end its timer.</summary>
    public const long NoMore = TimerQueue.NoMore;

    private const long DispatchMicros = 500;
    private const long LongUpkeepMicros = 2000;

    private readonly TimerQueue _timers = new();
    private readonly ReadyList _ready = new();
    private readonly WakeUp _wakeUp;
    private Poller _poller;
    private Thread? _thread;
    private volatile bool _stopping;
    private long _wokeAtMicros;
    private long _upkeepBeganMicros;
    private long _upkeepMicros;
    private int _nextReady;

    /// <summary>Opens the wake-up sockets and the back end; throws SocketException when the system refuses.</summary>
    public EventLoop(EventBackend backend = EventBackend.Auto)
    {
        Backend = backend;
        _poller = BackendChoice.WantsEpoll(backend, 0, onEpoll: false) && EpollPoller.IsSupported ? new EpollPoller() : new SelectPoller();
        _wakeUp = WakeUp.Open();
        _wokeAtMicros = NowMicros();
        Add(_wakeUp);
    }

    /// <summary>Called once a turn, after the due timers and before the poll.</summary>
    public Action? BeforeSleep { get; set; }

    /// <summary>Called right after the poll, before any socket is served.</summary>
    public Action? AfterSleep { get; set; }

    /// <summary>Set while work remains that no socket will announce: this turn's poll does not wait. The poll clears it.</summary>
    public bool WorkPending { get; set; }

    /// <summary>The configured back end; a change takes effect with the next turn.</summary>
    public EventBackend Backend { get; set; }

    /// <summary>How many sockets are watched, the loop's own included.</summary>
    public int WatchedCount { get; private set; }

    /// <summary>The loop's figures for INFO.</summary>
    public LoopFigures Figures { get; } = new();

    /// <summary>The back end in use, as INFO names it.</summary>
    public string MultiplexingApi => _poller.Name;

    /// <summary>True on the thread that is in <see cref="Run"/>; any thread may ask.</summary>
    public bool IsLoopThread => Volatile.Read(ref _thread) == Thread.CurrentThread;

    /// <summary>Monotonic time in microseconds.</summary>
    public static long NowMicros() => (long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency));

    /// <summary>Watches a non-blocking socket for reading. O(1); throws SocketException when the system refuses.</summary>
    public void Add(Pollable pollable)
    {
        if (pollable.IsWatched) return;

        pollable.Interest = PollEvents.Readable;
        try
        {
            _poller.Update(pollable, PollEvents.None);
        }
        catch
        {
            pollable.Interest = PollEvents.None;
            throw;
        }

        pollable.IsWatched = true;
        WatchedCount++;
    }

    /// <summary>Ends the watch and drops a pending event; comes before the socket's disposal. O(1).</summary>
    public void Remove(Pollable pollable)
    {
        if (!pollable.IsWatched) return;

        SetInterest(pollable, PollEvents.None);
        _ready.Drop(pollable);
        pollable.IsWatched = false;
        WatchedCount--;
    }

    /// <summary>Watches for room to send. Idempotent.</summary>
    public void EnableWritable(Pollable pollable) => SetInterest(pollable, pollable.Interest | PollEvents.Writable);

    /// <summary>Ends what <see cref="EnableWritable"/> began. Idempotent.</summary>
    public void DisableWritable(Pollable pollable) => SetInterest(pollable, pollable.Interest & ~PollEvents.Writable);

    /// <summary>Watches for reading again. Idempotent.</summary>
    public void EnableReadable(Pollable pollable) => SetInterest(pollable, pollable.Interest | PollEvents.Readable);

    /// <summary>Leaves what arrives in the system's buffers, so that the peer is slowed down. Idempotent.</summary>
    public void DisableReadable(Pollable pollable) => SetInterest(pollable, pollable.Interest & ~PollEvents.Readable);

    /// <summary>
    /// Calls <paramref name="callback"/> in <paramref name="delayMs"/>; it answers the delay to its next call or <see cref="NoMore"/>. O(log n).
    /// </summary>
    public long AddTimer(long delayMs, Func<long> callback) => _timers.Add(NowMicros(), delayMs, callback);

    /// <summary>How many timers are set.</summary>
    public int TimerCount => _timers.Count;

    /// <summary>Ends a timer; false when it has already ended. O(log n).</summary>
    public bool RemoveTimer(long id) => _timers.Remove(id);

    /// <summary>Runs <paramref name="action"/> on the loop thread, in the order of posting. Any thread; allocates one node.</summary>
    public void Post(Action action) => _wakeUp.Post(new ActionMessage(action));

    /// <summary>Delivers <paramref name="message"/> on the loop thread; a message that is still queued is not queued again. Any thread.</summary>
    public void Post(LoopMessage message) => _wakeUp.Post(message);

    /// <summary>Makes the calling thread the loop thread until <see cref="Stop"/>.</summary>
    public void Run()
    {
        Volatile.Write(ref _thread, Thread.CurrentThread);
        _wokeAtMicros = NowMicros();
        Figures.Begin();
        try
        {
            while (!_stopping)
                RunBoundedTurn();
        }
        finally
        {
            Volatile.Write(ref _thread, null);
        }
    }

    /// <summary>Makes <see cref="Run"/> return after the current turn. Any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        _wakeUp.Signal();
    }

    /// <summary>
    /// Runs one turn that waits at most <paramref name="maxWaitMs"/> and serves all that is ready, nested in a handler or by itself.
    /// </summary>
    public void RunTurn(int maxWaitMs = int.MaxValue)
    {
        BeginTurn();
        ChooseBackend();
        Poll(maxWaitMs);
        AfterSleep?.Invoke();
        Dispatch(long.MaxValue);
    }

    /// <summary>Closes the back end and the wake-up sockets; posts after this go nowhere.</summary>
    public void Dispose()
    {
        Remove(_wakeUp);
        _wakeUp.Dispose();
        _poller.Dispose();
    }

    private void SetInterest(Pollable pollable, PollEvents interest)
    {
        var before = pollable.Interest;
        if (interest == before || !pollable.IsWatched) return;

        pollable.Interest = interest;
        _poller.Update(pollable, before);
    }

    private void ChooseBackend()
    {
        var onEpoll = _poller is not SelectPoller;
        var wantsEpoll = BackendChoice.WantsEpoll(Backend, WatchedCount, onEpoll);
        if (wantsEpoll == onEpoll) return;

        Poller next = wantsEpoll && EpollPoller.IsSupported ? new EpollPoller() : new SelectPoller();
        _poller.MoveTo(next);
        _poller.Dispose();
        _poller = next;
        Figures.BackendSwitches++;
    }

    private void RunBoundedTurn()
    {
        BeginTurn();
        if (_nextReady < _ready.Count)
        {
            EndPreviousTurn();
        }
        else
        {
            ChooseBackend();
            Poll(int.MaxValue);
        }

        AfterSleep?.Invoke();
        Dispatch(_wokeAtMicros + (_upkeepMicros < LongUpkeepMicros ? DispatchMicros : _upkeepMicros));
        if (_ready.Count > 0 && _nextReady >= _ready.Count) _poller.EndService();
    }

    private void EndPreviousTurn()
    {
        // What the upkeep took in time may have gone to other processes: the whole turn's CPU time is a bound on what it cost.
        var now = NowMicros();
        _upkeepMicros = Math.Min(now - _upkeepBeganMicros, Figures.EndTurn(now - _wokeAtMicros));
        _wokeAtMicros = now;
    }

    private void BeginTurn()
    {
        _upkeepBeganMicros = NowMicros();
        _timers.RunDue(_upkeepBeganMicros);
        BeforeSleep?.Invoke();
    }

    private void Poll(int maxWaitMs)
    {
        _ready.Clear();
        _nextReady = 0;
        EndPreviousTurn();
        var timeoutMs = WorkPending || _stopping ? 0 : WaitMs(_wokeAtMicros, maxWaitMs);
        WorkPending = false;
        _poller.Wait(timeoutMs, _ready);
        _wokeAtMicros = NowMicros();
    }

    private int WaitMs(long nowMicros, int maxWaitMs)
    {
        var due = _timers.NextDueMicros;
        if (due == long.MaxValue) return maxWaitMs == int.MaxValue ? -1 : maxWaitMs;

        var untilMs = (Math.Max(due - nowMicros, 0) + 999) / 1000;
        return (int)Math.Min(untilMs, maxWaitMs);
    }

    private void Dispatch(long untilMicros)
    {
        var generation = _ready.Generation;
        while (_nextReady < _ready.Count)
        {
            if (_ready.Take(_nextReady++, out var events) is not { } pollable) continue;

            if ((events & pollable.Interest & PollEvents.Readable) != 0) pollable.OnReadable();

            if ((events & pollable.Interest & PollEvents.Writable) != 0) pollable.OnWritable();

            if (_ready.Generation != generation || NowMicros() >= untilMicros) return;
        }
    }

    private sealed class ActionMessage(Action action) : LoopMessage
    {
        public override void OnLoop() => action();
    }
}
