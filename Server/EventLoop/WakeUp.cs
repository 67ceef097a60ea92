using System.Net.Sockets;

namespace KestrelFree.Server.Loop;

// The one way into the loop for other threads: a queue, and a socket pair whose reading end is in the poll set like any client's.
//
//   poster (any thread)                      loop thread
//   push the message on the stack            readable: take the byte off the socket
//   if _signalled was 0, set it and          set _signalled to 0
//   send one byte                            take the whole stack, reverse it, deliver in order of posting
//
// Why it is sound: the stack is pushed by compare-and-swap and taken as a whole by exchange, so there is no ABA case. The loop clears _signalled
// before it takes the stack, so a message pushed after the taking finds 0 and sends a byte of its own, and one pushed before it
// is taken. At most one byte is under way, so the send cannot block. The only other shared state is LoopMessage's claim flag.

/// <summary>The loop's wake-up socket and its queue of posted messages. <see cref="Post"/> from any thread, the rest on the loop's.</summary>
internal sealed class WakeUp : Pollable, IDisposable
{
    private static readonly byte[] OneByte = [1];

    private readonly Socket _sender;
    private readonly byte[] _sink = new byte[16];
    private LoopMessage? _stack;
    private int _signalled;

    private WakeUp(Socket receiver, Socket sender)
        : base(receiver)
    {
        _sender = sender;
    }

    /// <summary>Opens the pair; throws SocketException when the system has no descriptors left.</summary>
    internal static WakeUp Open()
    {
        (var receiver, var sender) = SocketPair.Open();
        return new WakeUp(receiver, sender);
    }

    /// <summary>Queues a message unless it is queued already, and wakes the loop. Lock-free; O(1).</summary>
    internal void Post(LoopMessage message)
    {
        if (!message.TryClaim()) return;

        LoopMessage? top;
        do
        {
            top = Volatile.Read(ref _stack);
            message.Next = top;
        }
        while (Interlocked.CompareExchange(ref _stack, message, top) != top);

        Signal();
    }

    /// <summary>Ends the wait of a poll that is under way, or else of the next one.</summary>
    internal void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) != 0) return;

        try
        {
            _sender.Send(OneByte, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended; nobody is left to wake.
        }
    }

    /// <inheritdoc/>
    public override void OnReadable()
    {
        Socket.Receive(_sink, SocketFlags.None, out _);
        Interlocked.Exchange(ref _signalled, 0);
        var message = Reverse(Interlocked.Exchange(ref _stack, null));
        while (message is not null)
        {
            var next = message.Next;
            message.Deliver();
            message = next;
        }
    }

    /// <inheritdoc/>
    public override void OnWritable()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sender.Dispose();
        Socket.Dispose();
    }

    private static LoopMessage? Reverse(LoopMessage? newest)
    {
        LoopMessage? oldest = null;
        while (newest is not null)
        {
            var next = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = next;
        }

        return oldest;
    }
}
