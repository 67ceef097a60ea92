namespace KestrelFree.Server.Loop;

// Time events in a binary heap, earliest first.
//
//   order        by due time, then by arrival: timers due at the same moment run in the order in which they were added
//   re-arming    in place: a callback answers the delay to its next call, counted from the end of this one, or NoMore
//   removal      O(log n), since every timer knows its place in the heap; a timer may remove itself or any other while it runs
//   fairness     RunDue serves what was queued when it began: a timer that re-arms itself with a delay of 0, or one added by a
//                callback, waits for the next turn, so timers cannot keep the sockets from their turn
//
// Redis keeps a linked list and searches it every turn, which is right for its two timers. Here blocked clients' deadlines, pauses and shut-down
// deadlines are timers too, so their number can follow the number of clients. Time is an argument: nothing here reads a clock.

/// <summary>A min-heap of callbacks by due time, in monotonic microseconds. Loop thread only.</summary>
public sealed class TimerQueue
{
    /// <summary>What a callback answers to end its timer.</summary>
    public const long NoMore = -1;

    private readonly Dictionary<long, Timer> _byId = [];
    private Timer[] _heap = new Timer[16];
    private long _nextOrder;
    private long _nextId = 1;
    private bool _running;

    /// <summary>How many timers are queued.</summary>
    public int Count { get; private set; }

    /// <summary>When the earliest timer is due; long.MaxValue when there is none.</summary>
    public long NextDueMicros => Count == 0 ? long.MaxValue : _heap[0].DueMicros;

    /// <summary>Queues a callback and answers its id, which is never 0. O(log n).</summary>
    public long Add(long nowMicros, long delayMs, Func<long> callback)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);

        var timer = new Timer(_nextId++, callback) { Place = Count };
        Schedule(timer, nowMicros, delayMs);
        _heap[Count++] = timer;
        _byId.Add(timer.Id, timer);
        SiftUp(timer);
        return timer.Id;
    }

    /// <summary>Ends a timer; false when it is not queued any more. O(log n).</summary>
    public bool Remove(long id)
    {
        if (!_byId.Remove(id, out var timer)) return false;

        var place = timer.Place;
        timer.Place = -1;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (last != timer)
        {
            Put(last, place);
            SiftUp(last);
            SiftDown(last);
        }

        return true;
    }

    /// <summary>Calls what is due at <paramref name="nowMicros"/>, each timer once, and answers how many ran. A nested call runs nothing.</summary>
    public int RunDue(long nowMicros)
    {
        if (_running || NextDueMicros > nowMicros) return 0;

        var ran = 0;
        var newcomers = _nextOrder;
        _running = true;
        try
        {
            while (Count > 0 && _heap[0].DueMicros <= nowMicros && _heap[0].Order < newcomers)
            {
                Run(_heap[0], nowMicros);
                ran++;
            }
        }
        finally
        {
            _running = false;
        }

        return ran;
    }

    private static bool IsBefore(Timer a, Timer b) => a.DueMicros != b.DueMicros ? a.DueMicros < b.DueMicros : a.Order < b.Order;

    private void Run(Timer timer, long nowMicros)
    {
        var delayMs = timer.Callback();
        if (timer.Place < 0) return;

        if (delayMs < 0)
        {
            Remove(timer.Id);
            return;
        }

        Schedule(timer, nowMicros, delayMs);
        SiftUp(timer);
        SiftDown(timer);
    }

    private void Schedule(Timer timer, long nowMicros, long delayMs)
    {
        var delay = Math.Clamp(delayMs, 0, long.MaxValue / 4000);
        timer.DueMicros = nowMicros + (delay * 1000);
        timer.Order = _nextOrder++;
    }

    private void SiftUp(Timer timer)
    {
        while (timer.Place > 0)
        {
            var place = timer.Place;
            var parent = _heap[(place - 1) / 2];
            if (!IsBefore(timer, parent)) return;

            Put(timer, parent.Place);
            Put(parent, place);
        }
    }

    private void SiftDown(Timer timer)
    {
        while (true)
        {
            var place = timer.Place;
            var child = (2 * place) + 1;
            if (child >= Count) return;

            if (child + 1 < Count && IsBefore(_heap[child + 1], _heap[child])) child++;

            if (!IsBefore(_heap[child], timer)) return;

            Put(_heap[child], place);
            Put(timer, child);
        }
    }

    private void Put(Timer timer, int place)
    {
        _heap[place] = timer;
        timer.Place = place;
    }

    private sealed class Timer(long id, Func<long> callback)
    {
        internal long Id => id;

        internal Func<long> Callback => callback;

        internal long DueMicros { get; set; }

        internal long Order { get; set; }

        internal int Place { get; set; }
    }
}
