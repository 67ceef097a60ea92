namespace KestrelFree.Protocol;

// Turns a client's bytes into requests. Two forms come over the wire:
//
//   multibulk   *3 CRLF  $3 CRLF SET CRLF  $1 CRLF k CRLF  $5 CRLF hello CRLF
//   inline      SET k "hello" LF          (any request whose first byte is not '*'; a CR before the LF is dropped)
//
// One call takes as many complete requests as there are. Lengths lead the data, so the cost is per argument, not per byte:
// the usual header ("$" digits CR) is read by a few compares, and whatever deviates goes to the exact and slower reading
// below it. Arguments are never copied; they are slices of the bytes given.
//
// State between calls. Complete requests leave none. Of a request that has come in part the parser keeps the slices it
// has, the arguments still missing and the length of the argument on its way, all relative to the request's first byte,
// which is why the caller consumes exactly `Consumed` bytes in between: then a request of a million arguments that
// arrives in pieces costs no more than one that arrives whole. Rewind() drops this state, and the next call starts over.
//
// What is deliberately as loose as Redis: the byte after a CR, and the two bytes after an argument, are skipped unseen; a
// count of zero or less is a request without arguments and ignored; a NUL hides the end of its line, so that such a line
// runs into the 64 KB limit. One thing is stricter on purpose: Redis accepts a line of over 64 KB if it arrives together
// with its end. Here the limit counts from the line's start, and how the bytes were cut never matters.

/// <summary>A resumable parser of one client's requests; idle, it holds nothing but itself (under 100 bytes).</summary>
public sealed class RequestParser
{
    private const int NotYetKnown = -1;

    private SliceList? _partial;
    private int _position;
    private int _missing;
    private int _bulkLength = NotYetKnown;
    private byte _unexpected;

    /// <summary>Bytes of the last span that belong to complete or skipped requests; what follows them is kept for the next call.</summary>
    public int Consumed { get; private set; }

    /// <summary>What is wrong, once <see cref="Parse"/> has returned <see cref="ParseStatus.ProtocolError"/>.</summary>
    public ProtocolFault Fault { get; private set; }

    /// <summary>Redis's words for the fault in the log.</summary>
    public string LogReason => ProtocolFaultText.ForLog(Fault);

    /// <summary>Redis's words for the fault, after "ERR Protocol error: "; allocates.</summary>
    public ReadOnlySpan<byte> Error
    {
        get
        {
            ReadOnlySpan<byte> text = ProtocolFaultText.ForClient(Fault);
            return Fault == ProtocolFault.ExpectedBulk ? (byte[])[.. text, _unexpected, (byte)'\''] : text;
        }
    }

    /// <summary>Whether the count of a request has come but not all of its arguments.</summary>
    public bool InRequest => _partial is not null;

    /// <summary>How many arguments of the request in progress have come.</summary>
    public int PendingArguments => _partial?.Count ?? 0;

    /// <summary>How many of the unread bytes are arguments of the request in progress that have come whole; O(these arguments).</summary>
    public long PendingArgumentBytes
    {
        get
        {
            long bytes = 0;
            for (int i = 0; i < PendingArguments; i++)
                bytes += _partial!.Items[i].Length;
            return bytes;
        }
    }

    /// <summary>How many of the unread bytes of the request in progress have been understood: all before the argument on its way.</summary>
    public int PendingBytes => InRequest ? _position : 0;

    /// <summary>
    /// How long the unread bytes must become before the argument in progress is complete, in bytes; 0 when its length is
    /// not known.
    /// </summary>
    public int BytesWanted =>
        _bulkLength == NotYetKnown ? 0 : (int)Math.Min((long)_position + _bulkLength + 2, ProtocolLimits.MaxRequestBytes);

    /// <summary>Forgets the request in progress and any fault: the next call begins a request with its first byte.</summary>
    public void Rewind()
    {
        _partial = null;
        _position = 0;
        _missing = 0;
        _bulkLength = NotYetKnown;
        Fault = ProtocolFault.None;
    }

    /// <summary>
    /// Adds complete requests to <paramref name="batch"/>. O(arguments), plus O(bytes) for inline requests. Allocates only
    /// while scratch still grows.
    /// </summary>
    /// <param name="unread">The client's bytes from the end of the last consumed request on.</param>
    /// <param name="batch">Takes the requests.</param>
    /// <param name="maxRequests">Stop when the batch holds this many.</param>
    /// <param name="limits">What this client may send.</param>
    public ParseStatus Parse(ReadOnlySpan<byte> unread, RequestBatch batch, int maxRequests, in ParserLimits limits)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Consumed = 0;
        if (Fault != ProtocolFault.None) return ParseStatus.ProtocolError;

        Step step = _partial is null ? Step.Done : Resume(unread, batch, limits);
        while (step == Step.Done)
        {
            if (batch.Count >= maxRequests) return ParseStatus.BatchFull;
            if (Consumed >= unread.Length) return ParseStatus.NeedMore;
            step = unread[Consumed] == '*' ? BeginMultibulk(unread, batch, limits) : TakeInline(unread, batch);
        }

        return step == Step.Incomplete ? ParseStatus.NeedMore : ParseStatus.ProtocolError;
    }

    private Step TakeInline(ReadOnlySpan<byte> unread, RequestBatch batch)
    {
        ReadOnlySpan<byte> rest = unread[Consumed..];
        int end = IndexInLine(rest, (byte)'\n');
        if (end < 0)
            return rest.Length > ProtocolLimits.MaxLineBytes ? Fail(ProtocolFault.TooBigInlineRequest) : Step.Incomplete;

        int length = end > 0 && rest[end - 1] == '\r' ? end - 1 : end;
        int next = Consumed + end + 1;
        if (!batch.TryAddInline(rest[..length], Consumed, next)) return Fail(ProtocolFault.UnbalancedQuotes);
        Consumed = next;
        return Step.Done;
    }

    private Step BeginMultibulk(ReadOnlySpan<byte> unread, RequestBatch batch, in ParserLimits limits)
    {
        int position = Consumed;
        if (!TryReadShortLength(unread, ref position, out int count))
        {
            Step step = ReadCount(unread, ref position, out count);
            if (step != Step.Done) return step;
        }

        if (count > limits.TrustedArguments) return Fail(ProtocolFault.UnauthenticatedMultibulkLength);
        if (count <= 0)
        {
            Consumed = position;
            return Step.Done;
        }

        SliceList slices = batch.Slices;
        int first = slices.Count;
        int bulkLength = NotYetKnown;
        Step result = TakeArguments(unread, slices, limits, ref position, ref count, ref bulkLength);
        if (result == Step.Done)
        {
            Consumed = position;
            batch.AddMultibulk(first, position);
        }
        else
        {
            if (result == Step.Incomplete) KeepPartial(batch, first, position, count, bulkLength);
            slices.Count = first;
        }

        return result;
    }

    private void KeepPartial(RequestBatch batch, int first, int position, int missing, int bulkLength)
    {
        SliceList slices = batch.Slices;
        _partial = batch.RentList();
        _partial.AddRange(slices.Items.AsSpan(first, slices.Count - first), -Consumed);
        _position = position - Consumed;
        _missing = missing;
        _bulkLength = bulkLength;
    }

    private Step Resume(ReadOnlySpan<byte> unread, RequestBatch batch, in ParserLimits limits)
    {
        SliceList partial = _partial!;
        Step step = TakeArguments(unread, partial, limits, ref _position, ref _missing, ref _bulkLength);
        if (step != Step.Done) return step;

        int first = batch.Slices.Count;
        batch.Slices.AddRange(partial.Items.AsSpan(0, partial.Count), 0);
        batch.AddMultibulk(first, _position);
        batch.ReturnList(partial);
        Consumed = _position;
        _partial = null;
        _position = 0;
        return Step.Done;
    }

    // The hot loop: locals instead of fields, and one compare per header byte.
    private Step TakeArguments(
        ReadOnlySpan<byte> unread, SliceList slices, in ParserLimits limits, ref int position, ref int missing, ref int bulkLength)
    {
        ArgSlice[] items = slices.Items;
        int count = slices.Count;
        int at = position;
        int left = missing;
        int length = bulkLength;
        int trustedLength = Math.Min(limits.MaxBulkBytes, limits.TrustedBulkBytes);
        Step step = Step.Done;
        while (left > 0)
        {
            if (length == NotYetKnown)
            {
                int header = at;
                bool usual = (uint)at < (uint)unread.Length && unread[at] == '$' && TryReadShortLength(unread, ref at, out length);
                if (!usual || length > trustedLength)
                {
                    at = header;
                    step = ReadBulkLength(unread, limits, ref at, ref length);
                    if (step != Step.Done) break;
                }
            }

            if (unread.Length - at < length + 2L)
            {
                step = Step.Incomplete;
                break;
            }

            if ((uint)count >= (uint)items.Length) items = slices.Grow(count + 1);
            items[count++] = new ArgSlice(at, length);
            at += length + 2;
            length = NotYetKnown;
            left--;
        }

        slices.Count = count;
        position = at;
        missing = left;
        bulkLength = length;
        return step;
    }

    /// <summary>
    /// Reads the usual length line: at most 8 digits, no sign, no leading zero, and both bytes of its end there. Otherwise
    /// leaves the position alone and lets the exact reading decide.
    /// </summary>
    private static bool TryReadShortLength(ReadOnlySpan<byte> unread, ref int position, out int length)
    {
        const int MaxShortLength = 99_999_999;
        int at = position + 1;
        length = 0;
        uint digit = at < unread.Length ? (uint)(unread[at] - '0') : uint.MaxValue;
        if (digit > 9) return false;

        uint value = digit;
        while (true)
        {
            if ((uint)++at >= (uint)unread.Length) return false;
            digit = (uint)(unread[at] - '0');
            if (digit > 9) break;
            if (value == 0 || value > MaxShortLength / 10) return false;
            value = (value * 10) + digit;
        }

        if (unread[at] != '\r' || at + 1 >= unread.Length) return false;
        length = (int)value;
        position = at + 2;
        return true;
    }

    private Step ReadCount(ReadOnlySpan<byte> unread, ref int position, out int count)
    {
        count = 0;
        Step step = ReadLine(unread, position, ProtocolFault.TooBigMultibulkCount, out ReadOnlySpan<byte> line);
        if (step != Step.Done) return step;
        if (!Numbers.TryParseInteger(line[1..], out long value) || value > ProtocolLimits.MaxArguments)
            return Fail(ProtocolFault.InvalidMultibulkLength);
        count = (int)Math.Max(value, 0);
        position += line.Length + 2;
        return Step.Done;
    }

    private Step ReadBulkLength(ReadOnlySpan<byte> unread, in ParserLimits limits, ref int position, ref int length)
    {
        length = NotYetKnown;
        Step step = ReadLine(unread, position, ProtocolFault.TooBigBulkCount, out ReadOnlySpan<byte> line);
        if (step != Step.Done) return step;
        if (unread[position] != '$')
        {
            _unexpected = unread[position];
            return Fail(ProtocolFault.ExpectedBulk);
        }

        if (!Numbers.TryParseInteger(line[1..], out long value) || value < 0 || value > limits.MaxBulkBytes)
            return Fail(ProtocolFault.InvalidBulkLength);
        if (value > limits.TrustedBulkBytes) return Fail(ProtocolFault.UnauthenticatedBulkLength);
        length = (int)value;
        position += line.Length + 2;
        return Step.Done;
    }

    /// <summary>The line that starts at <paramref name="position"/>, up to its CR; complete when a byte follows the CR.</summary>
    private Step ReadLine(ReadOnlySpan<byte> unread, int position, ProtocolFault tooLong, out ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> rest = unread[position..];
        int end = IndexInLine(rest, (byte)'\r');
        line = end < 0 ? [] : rest[..end];
        if (end < 0 && rest.Length > ProtocolLimits.MaxLineBytes) return Fail(tooLong);
        return end < 0 || end + 1 >= rest.Length ? Step.Incomplete : Step.Done;
    }

    /// <summary>Where a line ends, or -1 if no end is in sight: a NUL hides what is behind it.</summary>
    private static int IndexInLine(ReadOnlySpan<byte> rest, byte terminator)
    {
        ReadOnlySpan<byte> window = rest[..Math.Min(rest.Length, ProtocolLimits.MaxLineBytes + 1)];
        int index = window.IndexOfAny(terminator, (byte)0);
        return index >= 0 && window[index] == terminator ? index : -1;
    }

    private Step Fail(ProtocolFault fault)
    {
        Fault = fault;
        return Step.Failed;
    }

    private enum Step : byte
    {
        Done,
        Incomplete,
        Failed,
    }
}
