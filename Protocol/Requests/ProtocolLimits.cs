namespace KestrelFree.Protocol;

/// <summary>The fixed limits of the wire protocol, as Redis has them.</summary>
public static class ProtocolLimits
{
    /// <summary>The longest inline request, and the longest line that may announce a count or a length, in bytes.</summary>
    public const int MaxLineBytes = 64 * 1024;

    /// <summary>The most arguments that one request may announce.</summary>
    public const int MaxArguments = int.MaxValue;

    /// <summary>The default of <c>proto-max-bulk-len</c>, in bytes.</summary>
    public const long DefaultMaxBulkBytes = 512L * 1024 * 1024;

    /// <summary>The most arguments of a request from a client that has yet to authenticate.</summary>
    public const int MaxUnauthenticatedArguments = 10;

    /// <summary>The longest argument from a client that has yet to authenticate, in bytes.</summary>
    public const int MaxUnauthenticatedBulkBytes = 16 * 1024;

    /// <summary>The longest request that one buffer can hold, in bytes: an array's limit less room to read on.</summary>
    public const int MaxRequestBytes = 0x7FFFFFC7 - (64 * 1024);

    /// <summary>From this length on, the query buffer is sized for the argument that is on its way, in bytes.</summary>
    public const int BigArgumentBytes = 32 * 1024;
}
