using System.Text;

namespace KestrelFree.Protocol;

// Encodes replies for one client, and is the only place that knows how RESP2 and RESP3 differ:
//
//                    RESP2                         RESP3
//   null             $-1                           _
//   null array       *-1                           _
//   map of n         array of 2n                   %n
//   set, push        array                         ~n, >n
//   double           bulk string                   ,3.14
//   big number       bulk string                   (1234
//   boolean          :1 :0                         #t #f
//   verbatim         bulk string                   =len fmt:text
//   attribute        left out, elements and all    |n
//
// Elements of an aggregate are written after its header by the same methods. Nothing is allocated but chunks when the
// pool is empty.

/// <summary>Learns of every error that is replied; one may serve all clients.</summary>
public interface IErrorObserver
{
    /// <summary>An error was written.</summary>
    /// <param name="text">Its code and text, without "-" and line end, before line ends in it were replaced.</param>
    void ErrorWritten(ReadOnlySpan<byte> text);
}

/// <summary>Writes one client's replies into its <see cref="ReplyBuffer"/>.</summary>
public sealed class ReplyWriter
{
    /// <summary>Up to here a bulk string is written in one piece; longer ones fill up the chunks.</summary>
    private const int ContiguousBulkBytes = 4096;

    private readonly ReplyBuffer _buffer;
    private readonly IErrorObserver? _errors;
    private ReplyMark _attribute;

    /// <summary>Creates a writer that speaks RESP2.</summary>
    /// <param name="buffer">Takes the encoded replies.</param>
    /// <param name="errors">Told of each error; may be absent.</param>
    public ReplyWriter(ReplyBuffer buffer, IErrorObserver? errors = null)
    {
        _buffer = buffer;
        _errors = errors;
    }

    /// <summary>Where the replies go.</summary>
    public ReplyBuffer Buffer => _buffer;

    /// <summary>The protocol version that the client asked for: 2 or 3.</summary>
    public int Version { get; set; } = 2;

    /// <summary>How many errors have been written so far.</summary>
    public long ErrorsWritten { get; private set; }

    private bool IsResp3 => Version >= 3;

    /// <summary>The status OK.</summary>
    public void Ok() => _buffer.Append(SharedReplies.Ok);

    /// <summary>The status PONG.</summary>
    public void Pong() => _buffer.Append(SharedReplies.Pong);

    /// <summary>The status QUEUED.</summary>
    public void Queued() => _buffer.Append(SharedReplies.Queued);

    /// <summary>A null value.</summary>
    public void Null() => _buffer.Append(IsResp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>A null where an array would be.</summary>
    public void NullArray() => _buffer.Append(IsResp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// <summary>An array without elements.</summary>
    public void EmptyArray() => _buffer.Append(SharedReplies.EmptyArray);

    /// <summary>Bytes that are encoded already.</summary>
    public void Raw(ReadOnlySpan<byte> encoded) => _buffer.Append(encoded);

    /// <summary>Encoded bytes that other clients receive too.</summary>
    public void Shared(SharedReply reply) => _buffer.AppendShared(reply);

    /// <summary>A status; the text must have no line end.</summary>
    public void SimpleString(ReadOnlySpan<byte> text) => Line((byte)'+', text);

    /// <inheritdoc cref="SimpleString(ReadOnlySpan{byte})"/>
    public void SimpleString(string text) => SimpleString(Encoding.UTF8.GetBytes(text));

    /// <summary>An error.</summary>
    /// <param name="text">Code and text, such as "ERR syntax error"; line ends in it become blanks.</param>
    public void Error(ReadOnlySpan<byte> text)
    {
        ErrorsWritten++;
        _errors?.ErrorWritten(text);
        ReadOnlySpan<byte> trimmed = text.Trim("\r\n"u8);
        Span<byte> line = _buffer.GetSpan(trimmed.Length + 3);
        line[0] = (byte)'-';
        Span<byte> body = line.Slice(1, trimmed.Length);
        trimmed.CopyTo(body);
        body.Replace((byte)'\r', (byte)' ');
        body.Replace((byte)'\n', (byte)' ');
        "\r\n"u8.CopyTo(line[(trimmed.Length + 1)..]);
        _buffer.Advance(trimmed.Length + 3);
    }

    /// <inheritdoc cref="Error(ReadOnlySpan{byte})"/>
    public void Error(string text) => Error(Encoding.UTF8.GetBytes(text));

    /// <summary>The error that a client's broken request is answered with, before it is closed.</summary>
    public void ProtocolError(RequestParser parser)
    {
        ArgumentNullException.ThrowIfNull(parser);
        Error([.. "ERR Protocol error: "u8, .. parser.Error]);
    }

    /// <summary>An integer.</summary>
    public void Integer(long value) => Header((byte)':', value);

    /// <summary>A string of bytes; O(length).</summary>
    public void Bulk(ReadOnlySpan<byte> value)
    {
        if (value.Length > ContiguousBulkBytes)
        {
            LongBulk(value);
            return;
        }

        Span<byte> target = _buffer.GetSpan(RespHeader.MaxBytes + value.Length + 2);
        int length = RespHeader.Write(target, (byte)'$', value.Length);
        value.CopyTo(target[length..]);
        length += value.Length;
        target[length] = (byte)'\r';
        target[length + 1] = (byte)'\n';
        _buffer.Advance(length + 2);
    }

    /// <summary>A string, as UTF-8.</summary>
    public void Bulk(string value)
    {
        const int MaxStackBytes = 512;
        ArgumentNullException.ThrowIfNull(value);
        int length = Encoding.UTF8.GetByteCount(value);
        Span<byte> bytes = length <= MaxStackBytes ? stackalloc byte[length] : new byte[length];
        Encoding.UTF8.GetBytes(value, bytes);
        Bulk(bytes);
    }

    /// <summary>An integer as a string.</summary>
    public void BulkInteger(long value)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        int length = Numbers.FormatInteger(digits, value);
        Bulk(digits[..length]);
    }

    /// <summary>A double in the fewest digits that read back.</summary>
    public void Double(double value)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxDoubleBytes];
        int length = Numbers.FormatDouble(digits, value);
        NumberText((byte)',', digits[..length]);
    }

    /// <summary>A double with up to 17 decimals and without exponent.</summary>
    public void HumanDouble(double value) => HumanDouble(ExtendedDouble.From(value));

    /// <inheritdoc cref="HumanDouble(double)"/>
    public void HumanDouble(ExtendedDouble value)
    {
        Span<byte> digits = stackalloc byte[ExtendedDouble.MaxFormattedBytes];
        int length = value.FormatHuman(digits);
        NumberText((byte)',', digits[..length]);
    }

    /// <summary>An integer of any size.</summary>
    /// <param name="digits">Its decimal digits, with a sign if negative.</param>
    public void BigNumber(ReadOnlySpan<byte> digits) => NumberText((byte)'(', digits);

    /// <summary>True or false; one or zero in RESP2.</summary>
    public void Boolean(bool value)
    {
        if (IsResp3) _buffer.Append(value ? "#t\r\n"u8 : "#f\r\n"u8);
        else Integer(value ? 1 : 0);
    }

    /// <summary>Text with a format.</summary>
    /// <param name="format">Three letters, such as "txt"; shorter ones are filled up with blanks.</param>
    /// <param name="text">The text.</param>
    public void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text)
    {
        if (!IsResp3)
        {
            Bulk(text);
            return;
        }

        Header((byte)'=', text.Length + 4L);
        Span<byte> prefix = [(byte)' ', (byte)' ', (byte)' ', (byte)':'];
        format[..Math.Min(3, format.Length)].CopyTo(prefix);
        _buffer.Append(prefix);
        _buffer.Append(text);
        _buffer.Append("\r\n"u8);
    }

    /// <summary>Begins an array of <paramref name="count"/> elements.</summary>
    public void ArrayHeader(long count) => Header((byte)'*', count);

    /// <summary>Begins a map of <paramref name="count"/> pairs.</summary>
    public void MapHeader(long count) => Header(TypeOf(RespType.Map), CountOf(RespType.Map, count));

    /// <summary>Begins a set of <paramref name="count"/> elements.</summary>
    public void SetHeader(long count) => Header(TypeOf(RespType.Set), count);

    /// <summary>Begins a push of <paramref name="count"/> elements.</summary>
    public void PushHeader(long count) => Header(TypeOf(RespType.Push), count);

    /// <summary>Begins an attribute of <paramref name="count"/> pairs about the next reply; <see cref="EndAttribute"/> follows them.</summary>
    public void AttributeHeader(long count)
    {
        _attribute = _buffer.Mark();
        if (IsResp3) Header((byte)'|', count);
    }

    /// <summary>Ends an attribute; in RESP2 all of it is dropped.</summary>
    public void EndAttribute()
    {
        if (!IsResp3) _buffer.Rollback(_attribute);
    }

    /// <summary>Begins an aggregate whose size is not known yet.</summary>
    public DeferredLength BeginDeferred() => _buffer.BeginDeferred();

    /// <summary>Says that it was an array of <paramref name="count"/> elements. Nested ones end innermost first.</summary>
    public void EndDeferredArray(DeferredLength deferred, long count) => _buffer.EndDeferred(deferred, (byte)'*', count);

    /// <summary>Says that it was a map of <paramref name="count"/> pairs.</summary>
    public void EndDeferredMap(DeferredLength deferred, long count) =>
        _buffer.EndDeferred(deferred, TypeOf(RespType.Map), CountOf(RespType.Map, count));

    /// <summary>Says that it was a set of <paramref name="count"/> elements.</summary>
    public void EndDeferredSet(DeferredLength deferred, long count) => _buffer.EndDeferred(deferred, TypeOf(RespType.Set), count);

    /// <summary>Says that it was a push of <paramref name="count"/> elements.</summary>
    public void EndDeferredPush(DeferredLength deferred, long count) => _buffer.EndDeferred(deferred, TypeOf(RespType.Push), count);

    /// <summary>Says that it was no aggregate but an integer as a bulk string, of 15 digits at most.</summary>
    public void EndDeferredBulkInteger(DeferredLength deferred, long value)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        digits = digits[..Numbers.FormatInteger(digits, value)];
        Span<byte> bulk = stackalloc byte[2 * RespHeader.MaxBytes];
        int length = RespHeader.Write(bulk, (byte)'$', digits.Length);
        digits.CopyTo(bulk[length..]);
        "\r\n"u8.CopyTo(bulk[(length + digits.Length)..]);
        _buffer.EndDeferred(deferred, bulk[..(length + digits.Length + 2)]);
    }

    private byte TypeOf(RespType type) => IsResp3 ? (byte)type : (byte)'*';

    private long CountOf(RespType type, long count) => type == RespType.Map && !IsResp3 ? count * 2 : count;

    private void Header(byte type, long value)
    {
        Span<byte> target = _buffer.GetSpan(RespHeader.MaxBytes);
        _buffer.Advance(RespHeader.Write(target, type, value));
    }

    private void Line(byte type, ReadOnlySpan<byte> text)
    {
        Span<byte> target = _buffer.GetSpan(text.Length + 3);
        target[0] = type;
        text.CopyTo(target[1..]);
        "\r\n"u8.CopyTo(target[(text.Length + 1)..]);
        _buffer.Advance(text.Length + 3);
    }

    private void LongBulk(ReadOnlySpan<byte> value)
    {
        Header((byte)'$', value.Length);
        _buffer.Append(value);
        _buffer.Append("\r\n"u8);
    }

    private void NumberText(byte type, ReadOnlySpan<byte> digits)
    {
        if (IsResp3) Line(type, digits);
        else Bulk(digits);
    }
}
