namespace KestrelFree.Server.Logging;

/// <summary>Who speaks in a log line.</summary>
internal enum LogRole
{
    /// <summary>M: a master.</summary>
    Master,

    /// <summary>S: a replica.</summary>
    Replica,

    /// <summary>C: what runs beside the loop (a snapshot's writer), and the process before it is a server.</summary>
    Child,

    /// <summary>X: Sentinel.</summary>
    Sentinel,
}
