namespace KestrelFree.Protocol;

/// <summary>The kinds of RESP values, each named by the byte that it begins with on the wire.</summary>
public enum RespType : byte
{
    /// <summary>No value.</summary>
    None = 0,

    /// <summary>A short status text.</summary>
    SimpleString = (byte)'+',

    /// <summary>An error: code and text.</summary>
    Error = (byte)'-',

    /// <summary>A 64-bit integer.</summary>
    Integer = (byte)':',

    /// <summary>Bytes with their length; of length -1, RESP2's null.</summary>
    Bulk = (byte)'$',

    /// <summary>Values in order; of length -1, RESP2's null array.</summary>
    Array = (byte)'*',

    /// <summary>RESP3's null.</summary>
    Null = (byte)'_',

    /// <summary>A floating-point number.</summary>
    Double = (byte)',',

    /// <summary>True or false.</summary>
    Boolean = (byte)'#',

    /// <summary>An error as bytes with their length.</summary>
    BulkError = (byte)'!',

    /// <summary>Text with a three-letter format.</summary>
    Verbatim = (byte)'=',

    /// <summary>An integer of any size.</summary>
    BigNumber = (byte)'(',

    /// <summary>Keys and values.</summary>
    Map = (byte)'%',

    /// <summary>Values without order.</summary>
    Set = (byte)'~',

    /// <summary>Keys and values about the value that follows.</summary>
    Attribute = (byte)'|',

    /// <summary>Values that answer no request.</summary>
    Push = (byte)'>',
}
