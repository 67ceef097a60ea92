using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KestrelFree.Server.Loop;

// Readiness by epoll: 0.2 us a call and some 125 ns for every ready socket, however many are idle.
//
// Level-triggered, like Select: a handler may leave data unread and is called again, so nothing above the seam can tell the two apart.
// Sockets are found by descriptor in an array, as in Redis's ae; the kernel carries 64 bits for us with every event:
//
//      high 32 bits  generation of the registration
//      low  32 bits  descriptor
//
// The generation is there because epoll watches open file descriptions, not descriptors. A socket that is closed here while a duplicate of
// its description lives elsewhere (a child process that inherited it) stays registered, goes on reporting, and cannot be
// deregistered any more, since its number is gone or belongs to somebody else. Such an event names a generation that is not
// current; the set is then built anew from the array, which is what rids us of it. Removing before disposing makes this a rarity.
//
// A socket whose interest ends is deleted, not modified to nothing: errors and hang-ups are reported even to those who asked for nothing
// and would turn a level-triggered loop into a busy one.
//
// A wait that slept and found few sockets ready looks once more without sleeping. Epoll wakes the loop for the first socket, so unpipelined
// turns would serve one or two clients each and wake a client process as often; the 0.3 us of a second look gathers those that
// became ready since. At 50 clients it took SET, GET and INCR from 0.88 of redis-server's throughput to 0.97 in one run (1.06 to 1.12, 0.81 to
// 0.91 and 0.92 to 1.04 in another), at 2 % more CPU a request. Spinning for 1-3 us first won little more, for 10 % more CPU.
//
// A level-triggered socket that was reported stays in the kernel's list of ready ones until the next look finds nothing to read there. If that look
// comes late, for the loop was put aside just when its reply woke the client, the client's next request is found at its old place, before what it
// sent to another connection first (upstream's client-eviction failed in a third of its runs by that). So where few are watched there is a look
// after the service and before the replies, while nobody can have sent more: it empties the list. Among many nobody can expect an order, and the
// call would be one more in each of their turns.
//
// Costs: a change of interest is one system call; memory is 12 bytes for each possible descriptor up to the highest in use.

/// <summary>Readiness by Linux's epoll, level-triggered.</summary>
[SupportedOSPlatform("linux")]
public sealed class EpollPoller : Poller
{
    /// <summary>Events taken by one call; what does not fit is reported by the next.</summary>
    private const int EventCapacity = 512;

    /// <summary>From so many ready sockets on the first look is enough; of fewer watched ones it is not worth a second.</summary>
    private const int PlentyReady = 16;

    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(EventCapacity * EpollNative.EventSize, pinned: true);
    private Pollable?[] _owners = new Pollable?[64];
    private uint[] _generations = new uint[64];
    private uint _generation;
    private int _registered;
    private int _epoll;

    /// <summary>Opens an epoll descriptor; throws Win32Exception when the system has none left.</summary>
    public EpollPoller()
    {
        _epoll = Open();
    }

    /// <summary>True where this back end exists.</summary>
    [SupportedOSPlatformGuard("linux")]
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public override string Name => "epoll";

    /// <summary>How often the set was built anew because a closed socket's description lived on elsewhere.</summary>
    public long Rebuilds { get; private set; }

    /// <inheritdoc/>
    public override void Update(Pollable pollable, PollEvents before)
    {
        if (pollable.Interest == before) return;

        if (pollable.Interest == PollEvents.None) Deregister(pollable);
        else if (pollable.ReadSlot < 0) Register(pollable);
        else Control(EpollNative.Modify, pollable.ReadSlot, pollable.Interest);
    }

    /// <inheritdoc/>
    public override unsafe void Wait(int timeoutMs, ReadyList ready)
    {
        int count;
        fixed (byte* events = _events)
        {
            count = EpollNative.Wait(_epoll, events, EventCapacity, timeoutMs);
            if (timeoutMs != 0 && count is > 0 and < PlentyReady && _registered >= PlentyReady)
                count = EpollNative.Wait(_epoll, events, EventCapacity, 0);
        }

        if (count < 0)
        {
            ThrowUnlessInterrupted();
            return;
        }

        var stale = false;
        for (var i = 0; i < count; i++)
            stale |= !TryCollect(_events.AsSpan(i * EpollNative.EventSize, EpollNative.EventSize), ready);

        if (stale) Rebuild();
    }

    /// <inheritdoc/>
    public override unsafe void EndService()
    {
        if (_registered >= PlentyReady) return;

        // Whatever it finds is found again by the next wait.
        fixed (byte* events = _events)
        {
            _ = EpollNative.Wait(_epoll, events, EventCapacity, 0);
        }
    }

    /// <inheritdoc/>
    public override void MoveTo(Poller other)
    {
        for (var descriptor = 0; descriptor < _owners.Length; descriptor++)
        {
            if (_owners[descriptor] is { } pollable)
            {
                Deregister(pollable);
                other.Update(pollable, PollEvents.None);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_epoll >= 0)
        {
            _ = EpollNative.Close(_epoll);
            _epoll = -1;
        }

        base.Dispose(disposing);
    }

    private static int Open()
    {
        var descriptor = EpollNative.Create(EpollNative.CloseOnExec);
        return descriptor >= 0 ? descriptor : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private static void ThrowUnlessInterrupted()
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != EpollNative.ErrnoInterrupted) throw new Win32Exception(error);
    }

    private bool TryCollect(ReadOnlySpan<byte> epollEvent, ReadyList ready)
    {
        var found = BinaryPrimitives.ReadUInt32LittleEndian(epollEvent);
        var data = BinaryPrimitives.ReadUInt64LittleEndian(epollEvent[^8..]);
        var descriptor = (int)(uint)data;
        if ((uint)descriptor >= (uint)_owners.Length || _owners[descriptor] is not { } pollable || _generations[descriptor] != (uint)(data >> 32))
            return false;

        // An error or a hang-up makes every interest ready: the next receive or send tells what it is.
        var events = PollEvents.None;
        if ((found & (EpollNative.In | EpollNative.Error | EpollNative.HangUp)) != 0) events |= PollEvents.Readable;

        if ((found & (EpollNative.Out | EpollNative.Error | EpollNative.HangUp)) != 0) events |= PollEvents.Writable;

        ready.Add(pollable, events & pollable.Interest);
        return true;
    }

    private void Register(Pollable pollable)
    {
        var descriptor = (int)pollable.Socket.SafeHandle.DangerousGetHandle();
        if (descriptor >= _owners.Length)
        {
            var size = Math.Max(descriptor + 1, _owners.Length * 2);
            Array.Resize(ref _owners, size);
            Array.Resize(ref _generations, size);
        }

        _generations[descriptor] = ++_generation;
        Control(EpollNative.Add, descriptor, pollable.Interest);
        _registered += _owners[descriptor] is null ? 1 : 0;
        _owners[descriptor] = pollable;
        pollable.ReadSlot = descriptor;
    }

    private unsafe void Deregister(Pollable pollable)
    {
        var descriptor = pollable.ReadSlot;
        pollable.ReadSlot = -1;
        if (descriptor < 0 || _owners[descriptor] != pollable)
        {
            // Disposed before it was removed, and its number was given to a socket that is watched by now.
            return;
        }

        // The result does not matter: a socket that is already closed has left the set by itself.
        _owners[descriptor] = null;
        _registered--;
        var unused = stackalloc byte[16];
        _ = EpollNative.Control(_epoll, EpollNative.Delete, descriptor, unused);
    }

    private unsafe void Control(int operation, int descriptor, PollEvents interest)
    {
        var epollEvent = stackalloc byte[16];
        var bytes = new Span<byte>(epollEvent, EpollNative.EventSize);
        var wanted = ((interest & PollEvents.Readable) != 0 ? EpollNative.In : 0) | ((interest & PollEvents.Writable) != 0 ? EpollNative.Out : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, wanted);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[^8..], ((ulong)_generations[descriptor] << 32) | (uint)descriptor);
        if (EpollNative.Control(_epoll, operation, descriptor, epollEvent) != 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
    }

    private void Rebuild()
    {
        var old = _epoll;
        _epoll = Open();
        _ = EpollNative.Close(old);
        for (var descriptor = 0; descriptor < _owners.Length; descriptor++)
        {
            if (_owners[descriptor] is { } pollable) Control(EpollNative.Add, descriptor, pollable.Interest);
        }

        Rebuilds++;
    }
}
