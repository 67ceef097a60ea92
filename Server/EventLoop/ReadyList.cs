namespace KestrelFree.Server.Loop;

/// <summary>The sockets that one poll found ready, in the order they are served; refilled every turn without allocating.</summary>
public sealed class ReadyList
{
    private Pollable?[] _items = new Pollable?[64];
    private PollEvents[] _events = new PollEvents[64];

    /// <summary>How many entries the last poll wrote, dropped ones included.</summary>
    public int Count { get; private set; }

    /// <summary>Grows with every <see cref="Clear"/>: tells an outer dispatch that a nested turn has replaced the list under it.</summary>
    public int Generation { get; private set; }

    /// <summary>Adds what was found for a socket to its entry. O(1).</summary>
    public void Add(Pollable pollable, PollEvents events)
    {
        if (pollable.ReadyIndex >= 0)
        {
            _events[pollable.ReadyIndex] |= events;
            return;
        }

        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
            Array.Resize(ref _events, Count * 2);
        }

        pollable.ReadyIndex = Count;
        _items[Count] = pollable;
        _events[Count++] = events;
    }

    /// <summary>Takes the entry out; null when its socket was removed meanwhile. O(1).</summary>
    public Pollable? Take(int index, out PollEvents events)
    {
        var pollable = _items[index];
        events = _events[index];
        if (pollable is not null)
        {
            pollable.ReadyIndex = -1;
            _items[index] = null;
        }

        return pollable;
    }

    /// <summary>Forgets the pending event of a socket that is no longer watched. O(1).</summary>
    public void Drop(Pollable pollable)
    {
        if (pollable.ReadyIndex < 0) return;

        _items[pollable.ReadyIndex] = null;
        pollable.ReadyIndex = -1;
    }

    /// <summary>Empties the list; events not yet served are lost here and found again by the next, level-triggered, poll.</summary>
    public void Clear()
    {
        for (var i = 0; i < Count; i++)
            Take(i, out _);

        Count = 0;
        Generation++;
    }
}
