using System.Net.Sockets;

namespace KestrelFree.Server.Loop;

/// <summary>What a socket is watched for, and what a poll found it ready for.</summary>
[Flags]
public enum PollEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Data, the end of the stream, a waiting connection, or an error that a receive will tell.</summary>
    Readable = 1,

    /// <summary>A send will not block.</summary>
    Writable = 2,
}

/// <summary>A non-blocking socket that an <see cref="EventLoop"/> watches, and what to do when it is ready.</summary>
public abstract class Pollable
{
    /// <summary>The watched socket must be non-blocking: both back ends are level-triggered.</summary>
    protected Pollable(Socket socket)
    {
        Socket = socket;
    }

    /// <summary>The socket; it outlives the watch, so <see cref="EventLoop.Remove"/> comes before its disposal.</summary>
    public Socket Socket { get; }

    /// <summary>True between <see cref="EventLoop.Add"/> and <see cref="EventLoop.Remove"/>.</summary>
    public bool IsWatched { get; internal set; }

    /// <summary>What the loop asks the operating system about.</summary>
    internal PollEvents Interest { get; set; }

    /// <summary>The poller's place for this socket among those watched for reading (Select), or its descriptor (epoll); -1 for none.</summary>
    internal int ReadSlot { get; set; } = -1;

    /// <summary>The poller's place for this socket among those watched for writing; -1 for none.</summary>
    internal int WriteSlot { get; set; } = -1;

    /// <summary>The place of a pending event in the turn's <see cref="ReadyList"/>; -1 for none.</summary>
    internal int ReadyIndex { get; set; } = -1;

    /// <summary>Data, end of stream, error or reset: the receive tells which.</summary>
    public abstract void OnReadable();

    /// <summary>A send will make progress; called only while writable interest is registered.</summary>
    public abstract void OnWritable();
}
