namespace KestrelFree.Protocol;

/// <summary>The replies that many commands share: whole encodings for statuses, and the texts of errors (without "-" and line end).</summary>
public static class SharedReplies
{
    /// <summary>The encoded status OK.</summary>
    public static ReadOnlySpan<byte> Ok => "+OK\r\n"u8;

    /// <summary>The encoded status PONG.</summary>
    public static ReadOnlySpan<byte> Pong => "+PONG\r\n"u8;

    /// <summary>The encoded status QUEUED.</summary>
    public static ReadOnlySpan<byte> Queued => "+QUEUED\r\n"u8;

    /// <summary>The encoded array without elements.</summary>
    public static ReadOnlySpan<byte> EmptyArray => "*0\r\n"u8;

    /// <summary>The encoded string without bytes.</summary>
    public static ReadOnlySpan<byte> EmptyBulk => "$0\r\n\r\n"u8;

    /// <summary>A key holds another type than the command works on.</summary>
    public static ReadOnlySpan<byte> WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value"u8;

    /// <summary>An option is misplaced or unknown.</summary>
    public static ReadOnlySpan<byte> SyntaxError => "ERR syntax error"u8;

    /// <summary>An argument or value is no integer, or too big.</summary>
    public static ReadOnlySpan<byte> NotAnInteger => "ERR value is not an integer or out of range"u8;

    /// <summary>An argument or value is no floating-point number.</summary>
    public static ReadOnlySpan<byte> NotAFloat => "ERR value is not a valid float"u8;

    /// <summary>An argument is out of range.</summary>
    public static ReadOnlySpan<byte> OutOfRange => "ERR index out of range"u8;

    /// <summary>An increment would overflow.</summary>
    public static ReadOnlySpan<byte> IncrementOverflow => "ERR increment or decrement would overflow"u8;

    /// <summary>A command needs an existing key.</summary>
    public static ReadOnlySpan<byte> NoSuchKey => "ERR no such key"u8;

    /// <summary>Source and destination are the same object.</summary>
    public static ReadOnlySpan<byte> SameObject => "ERR source and destination objects are the same"u8;

    /// <summary>The client has yet to authenticate.</summary>
    public static ReadOnlySpan<byte> AuthenticationRequired => "NOAUTH Authentication required."u8;

    /// <summary>A name or password is wrong.</summary>
    public static ReadOnlySpan<byte> WrongPassword => "WRONGPASS invalid username-password pair or user is disabled."u8;

    /// <summary>Memory is exhausted.</summary>
    public static ReadOnlySpan<byte> OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'."u8;

    /// <summary>The data set is being loaded.</summary>
    public static ReadOnlySpan<byte> Loading => "LOADING Redis is loading the dataset in memory"u8;

    /// <summary>A replica does not write.</summary>
    public static ReadOnlySpan<byte> ReadOnlyReplica => "READONLY You can't write against a read only replica."u8;

    /// <summary>A transaction was aborted by an earlier error.</summary>
    public static ReadOnlySpan<byte> ExecAborted => "EXECABORT Transaction discarded because of previous errors."u8;

    /// <summary>The target key exists.</summary>
    public static ReadOnlySpan<byte> BusyKey => "BUSYKEY Target key name already exists."u8;
}
