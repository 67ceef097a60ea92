namespace KestrelFree.Protocol;

/// <summary>What a request may be at most, for the client that is being read from.</summary>
public readonly struct ParserLimits
{
    private ParserLimits(long maxBulkBytes, int trustedArguments, int trustedBulkBytes)
    {
        MaxBulkBytes = (int)Math.Min(maxBulkBytes, ProtocolLimits.MaxRequestBytes);
        TrustedArguments = trustedArguments;
        TrustedBulkBytes = trustedBulkBytes;
    }

    /// <summary>No more than the 2 GB that an array can hold: for the stream of a master.</summary>
    public static ParserLimits Replication => Authenticated(long.MaxValue);

    /// <summary>Longer arguments are refused as invalid, in bytes.</summary>
    internal int MaxBulkBytes { get; }

    /// <summary>More arguments are refused as unauthenticated.</summary>
    internal int TrustedArguments { get; }

    /// <summary>Longer arguments are refused as unauthenticated, in bytes.</summary>
    internal int TrustedBulkBytes { get; }

    /// <summary>The limits of a client that may run commands.</summary>
    /// <param name="maxBulkBytes"><c>proto-max-bulk-len</c>.</param>
    public static ParserLimits Authenticated(long maxBulkBytes) => new(maxBulkBytes, int.MaxValue, int.MaxValue);

    /// <summary>The tighter limits of a client that has yet to authenticate; parse one request at a time then.</summary>
    /// <param name="maxBulkBytes"><c>proto-max-bulk-len</c>.</param>
    public static ParserLimits Unauthenticated(long maxBulkBytes) =>
        new(maxBulkBytes, ProtocolLimits.MaxUnauthenticatedArguments, ProtocolLimits.MaxUnauthenticatedBulkBytes);
}
