namespace KestrelFree.Protocol;

/// <summary>Why <see cref="RequestParser.Parse"/> stopped.</summary>
public enum ParseStatus
{
    /// <summary>What is left is no whole request.</summary>
    NeedMore,

    /// <summary>The batch holds as many requests as were asked for; there may be more.</summary>
    BatchFull,

    /// <summary>The bytes after the last request break the protocol: reply and close.</summary>
    ProtocolError,
}
