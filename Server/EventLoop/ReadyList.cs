namespace KestrelFree.Server.Loop;

/// <summary>The sockets that one poll found ready, in the order they are served; refilled every turn without allocating.</summary>
public sealed class ReadyList
{
    private static readonly Comparison<Entry> ByLastServed = static (a, b) => a.Pollable!.LastServed.CompareTo(b.Pollable!.LastServed);

    private Entry[] _entries = new Entry[64];
    private long _served;

    /// <summary>How many entries the last poll wrote, dropped ones included.</summary>
    public int Count { get; private set; }

    /// <summary>Grows with every <see cref="Clear"/>: tells an outer dispatch that a nested turn has replaced the list under it.</summary>
    public int Generation { get; private set; }

    /// <summary>Adds what was found for a socket to its entry. O(1).</summary>
    public void Add(Pollable pollable, PollEvents events)
    {
        if (pollable.ReadyIndex >= 0)
        {
            _entries[pollable.ReadyIndex].Events |= events;
            return;
        }

        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        pollable.ReadyIndex = Count;
        _entries[Count++] = new Entry { Pollable = pollable, Events = events };
    }

    /// <summary>
    /// Puts those that were served least recently first, for a poll that does not tell who became ready first: whoever waits for a reply before
    /// it goes on with another connection was served last, and what it sent to the other has come first. O(n log n).
    /// </summary>
    public void OrderByLastServed()
    {
        if (Count < 2)
        {
            return;
        }

        _entries.AsSpan(0, Count).Sort(ByLastServed);
        for (int i = 0; i < Count; i++)
        {
            _entries[i].Pollable!.ReadyIndex = i;
        }
    }

    /// <summary>Takes the entry out, to be served; null when its socket was removed meanwhile. O(1).</summary>
    public Pollable? Take(int index, out PollEvents events)
    {
        ref Entry entry = ref _entries[index];
        events = entry.Events;
        if (entry.Pollable is not { } pollable)
        {
            return null;
        }

        pollable.ReadyIndex = -1;
        pollable.LastServed = ++_served;
        entry.Pollable = null;
        return pollable;
    }

    /// <summary>Forgets the pending event of a socket that is no longer watched. O(1).</summary>
    public void Drop(Pollable pollable)
    {
        if (pollable.ReadyIndex < 0)
        {
            return;
        }

        _entries[pollable.ReadyIndex].Pollable = null;
        pollable.ReadyIndex = -1;
    }

    /// <summary>Empties the list; events not yet served are lost here and found again by the next, level-triggered, poll.</summary>
    public void Clear()
    {
        for (int i = 0; i < Count; i++)
        {
            if (_entries[i].Pollable is { } pollable)
            {
                Drop(pollable);
            }
        }

        Count = 0;
        Generation++;
    }

    private struct Entry
    {
        internal Pollable? Pollable;
        internal PollEvents Events;
    }
}
