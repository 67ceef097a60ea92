namespace KestrelFree.Server.Networking;

/// <summary>What is true of a client at the moment.</summary>
[Flags]
internal enum ClientFlags
{
    /// <summary>An ordinary client.</summary>
    None = 0,

    /// <summary>Waits in a blocking command.</summary>
    Blocked = 1 << 0,

    /// <summary>Is closed once its reply has been sent; reads no more.</summary>
    CloseAfterReply = 1 << 1,

    /// <summary>Is closed before the loop sleeps; neither reads nor writes any more.</summary>
    CloseAsap = 1 << 2,

    /// <summary>Came over a Unix socket.</summary>
    UnixSocket = 1 << 3,

    /// <summary>Stands in the list of clients with replies to send.</summary>
    PendingReply = 1 << 4,

    /// <summary>Waits for its socket to take more.</summary>
    AwaitingWritable = 1 << 5,

    /// <summary>CLIENT REPLY OFF: nothing is replied.</summary>
    ReplyOff = 1 << 6,

    /// <summary>CLIENT REPLY SKIP has just been called: the next command's reply is dropped.</summary>
    ReplySkipNext = 1 << 7,

    /// <summary>The running command's reply is dropped.</summary>
    ReplySkip = 1 << 8,

    /// <summary>CLIENT NO-EVICT ON: is spared when clients' memory is over its limit.</summary>
    NoEvict = 1 << 9,

    /// <summary>CLIENT NO-TOUCH ON: its reads leave LRU and LFU clocks alone.</summary>
    NoTouch = 1 << 10,

    /// <summary>Came from the loopback interface or a Unix socket.</summary>
    Local = 1 << 11,

    /// <summary>Has been unblocked; its remaining input is processed before the loop sleeps.</summary>
    Unblocked = 1 << 12,

    /// <summary>Its socket has been closed.</summary>
    Freed = 1 << 13,

    /// <summary>Runs a command that may not wait, since it is part of a transaction.</summary>
    DenyBlocking = 1 << 14,

    /// <summary>Has begun a transaction.</summary>
    Multi = 1 << 15,

    /// <summary>A key that it watches has changed.</summary>
    DirtyWatch = 1 << 16,

    /// <summary>Subscribes to channels or patterns.</summary>
    PubSub = 1 << 17,

    /// <summary>Is shown every command.</summary>
    Monitor = 1 << 18,

    /// <summary>Is measured before the loop sleeps, for maxmemory-clients.</summary>
    MemoryNoted = 1 << 19,

    /// <summary>Stands in the queue of handshakes.</summary>
    Handshaking = 1 << 20,
}
