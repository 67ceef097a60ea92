using System.Net.Sockets;

namespace KestrelFree.Server.Loop;

// Readiness by Socket.Select: what every platform runs.
//
// What Select is under .NET on Unix decides how it is called here:
//   - It is poll(2), so there is no FD_SETSIZE limit, but a list may hold 65,536 sockets at most. Beyond that the lists are shown window by
//     window without waiting, and only the wait itself happens on the first window, which holds the loop's wake-up socket; it is
//     cut into short pieces so that the others are looked at again.
//   - It rounds a timeout down to whole milliseconds; callers hand over whole milliseconds rounded up.
//   - It shrinks the lists it is given to the ready sockets: see SelectList.
//   - From 80 sockets on it allocates 8 bytes a socket on every call, inside the runtime; nothing here can avoid that. Connections beyond
//     some dozens belong to the epoll back end anyway, since a call costs 80-100 ns for every watched socket, ready or not.
//   - One disposed socket makes the whole call throw. A caller that forgot to remove it first must not stop everybody else's
//     service: such sockets are found, dropped and counted, and the turn goes on.
//   - It does not tell who became ready first (see BackendChoice).

/// <summary>Readiness by <see cref="Socket.Select(System.Collections.IList?, System.Collections.IList?, System.Collections.IList?, int)"/>.</summary>
public sealed class SelectPoller : Poller
{
    /// <summary>The longest wait, in ms, while some sockets are in a window that the waiting call does not see.</summary>
    private const int WaitBetweenWindowsMs = 5;

    /// <summary>Select counts microseconds in an int.</summary>
    private const int LongestWaitMs = int.MaxValue / 1000;

    private readonly SelectList _readers = new();
    private readonly SelectList _writers = new();

    /// <inheritdoc/>
    public override string Name => "select";

    /// <summary>How many sockets were dropped because they had been disposed while watched.</summary>
    public long BrokenSockets { get; private set; }

    /// <inheritdoc/>
    public override void Update(Pollable pollable, PollEvents before)
    {
        var changed = before ^ pollable.Interest;
        if ((changed & PollEvents.Readable) != 0)
            pollable.ReadSlot = Toggle(_readers, pollable, pollable.ReadSlot, pollable.Interest & PollEvents.Readable);

        if ((changed & PollEvents.Writable) != 0)
            pollable.WriteSlot = Toggle(_writers, pollable, pollable.WriteSlot, pollable.Interest & PollEvents.Writable);
    }

    /// <inheritdoc/>
    public override void Wait(int timeoutMs, ReadyList ready)
    {
        var longest = Math.Max(_readers.Total, _writers.Total);
        if (longest <= SelectList.MaxWindow)
        {
            SelectWindow(0, timeoutMs, ready);
            return;
        }

        for (var start = 0; start < longest; start += SelectList.MaxWindow)
            SelectWindow(start, 0, ready);

        if (ready.Count == 0 && timeoutMs != 0)
            SelectWindow(0, timeoutMs < 0 ? WaitBetweenWindowsMs : Math.Min(timeoutMs, WaitBetweenWindowsMs), ready);
    }

    /// <inheritdoc/>
    public override void MoveTo(Poller other)
    {
        while (_readers.Total > 0)
            Hand(_readers.At(_readers.Total - 1), other);

        while (_writers.Total > 0)
            Hand(_writers.At(_writers.Total - 1), other);
    }

    private static int Toggle(SelectList list, Pollable pollable, int slot, PollEvents wanted)
    {
        if (wanted != PollEvents.None) return slot >= 0 ? slot : list.Add(pollable);

        if (slot >= 0) list.Release(slot);

        return -1;
    }

    private static void Collect(SelectList list, PollEvents events, ReadyList ready)
    {
        for (var i = 0; i < list.Count; i++)
            ready.Add(list.PollableAt(i), events);
    }

    private static bool IsBroken(Pollable pollable)
    {
        try
        {
            pollable.Socket.Poll(0, SelectMode.SelectRead);
            return false;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private void Hand(Pollable pollable, Poller other)
    {
        Unlist(pollable);
        other.Update(pollable, PollEvents.None);
    }

    private void Unlist(Pollable pollable)
    {
        pollable.ReadSlot = Toggle(_readers, pollable, pollable.ReadSlot, PollEvents.None);
        pollable.WriteSlot = Toggle(_writers, pollable, pollable.WriteSlot, PollEvents.None);
    }

    private void SelectWindow(int start, int timeoutMs, ReadyList ready)
    {
        _readers.ShowWindow(start);
        _writers.ShowWindow(start);
        if (_readers.Count + _writers.Count == 0)
        {
            // Select refuses to wait for nothing.
            Thread.Sleep(timeoutMs);
            return;
        }

        var micros = timeoutMs < 0 ? -1 : Math.Min(timeoutMs, LongestWaitMs) * 1000;
        try
        {
            Socket.Select(_readers.Count > 0 ? _readers : null, _writers.Count > 0 ? _writers : null, null, micros);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            DropBroken(_readers);
            DropBroken(_writers);
            return;
        }

        Collect(_readers, PollEvents.Readable, ready);
        Collect(_writers, PollEvents.Writable, ready);
    }

    private void DropBroken(SelectList list)
    {
        for (var place = list.Total - 1; place >= 0; place--)
        {
            var pollable = list.At(place);
            if (IsBroken(pollable))
            {
                Unlist(pollable);
                BrokenSockets++;
            }
        }
    }
}
