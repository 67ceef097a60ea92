namespace KestrelFree.Protocol;

/// <summary>What is wrong with the bytes that a client sent.</summary>
public enum ProtocolFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The count of arguments is no number, or too big.</summary>
    InvalidMultibulkLength,

    /// <summary>More arguments than a client may send before it authenticates.</summary>
    UnauthenticatedMultibulkLength,

    /// <summary>The line of the count does not end.</summary>
    TooBigMultibulkCount,

    /// <summary>An argument does not begin with its length.</summary>
    ExpectedBulk,

    /// <summary>The length of an argument is no number, negative or too big.</summary>
    InvalidBulkLength,

    /// <summary>A longer argument than a client may send before it authenticates.</summary>
    UnauthenticatedBulkLength,

    /// <summary>The line of a length does not end.</summary>
    TooBigBulkCount,

    /// <summary>An inline request does not end.</summary>
    TooBigInlineRequest,

    /// <summary>An inline request has a quote that is not closed, or closed in the middle of a word.</summary>
    UnbalancedQuotes,
}

/// <summary>Redis's words for each fault: one wording for the client, another for the log.</summary>
internal static class ProtocolFaultText
{
    /// <summary>What follows "ERR Protocol error: "; <see cref="ProtocolFault.ExpectedBulk"/> lacks its closing <c>x'</c>.</summary>
    internal static ReadOnlySpan<byte> ForClient(ProtocolFault fault) => fault switch
    {
        ProtocolFault.None => [],
        ProtocolFault.InvalidMultibulkLength => "invalid multibulk length"u8,
        ProtocolFault.UnauthenticatedMultibulkLength => "unauthenticated multibulk length"u8,
        ProtocolFault.TooBigMultibulkCount => "too big mbulk count string"u8,
        ProtocolFault.ExpectedBulk => "expected '$', got '"u8,
        ProtocolFault.InvalidBulkLength => "invalid bulk length"u8,
        ProtocolFault.UnauthenticatedBulkLength => "unauthenticated bulk length"u8,
        ProtocolFault.TooBigBulkCount => "too big bulk count string"u8,
        ProtocolFault.TooBigInlineRequest => "too big inline request"u8,
        ProtocolFault.UnbalancedQuotes => "unbalanced quotes in request"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };

    /// <summary>What the log puts between the brackets of "Protocol error (...) from client".</summary>
    internal static string ForLog(ProtocolFault fault) => fault switch
    {
        ProtocolFault.None => "",
        ProtocolFault.InvalidMultibulkLength => "invalid mbulk count",
        ProtocolFault.UnauthenticatedMultibulkLength => "unauth mbulk count",
        ProtocolFault.TooBigMultibulkCount => "too big mbulk count string",
        ProtocolFault.ExpectedBulk => "expected $ but got something else",
        ProtocolFault.InvalidBulkLength => "invalid bulk length",
        ProtocolFault.UnauthenticatedBulkLength => "unauth bulk length",
        ProtocolFault.TooBigBulkCount => "too big bulk count string",
        ProtocolFault.TooBigInlineRequest => "too big inline request",
        ProtocolFault.UnbalancedQuotes => "unbalanced quotes in inline request",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };
}
