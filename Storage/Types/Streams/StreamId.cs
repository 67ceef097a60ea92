using KestrelFree.Protocol;

namespace KestrelFree.Storage;

/// <summary>The id of a stream's entry: milliseconds, and a number among the entries of one millisecond. O(1) throughout.</summary>
/// <param name="Ms">Milliseconds, of Unix time unless a client says otherwise.</param>
/// <param name="Seq">The number within the millisecond.</param>
public readonly record struct StreamId(ulong Ms, ulong Seq) : IComparable<StreamId>
{
    /// <summary>Bytes that any id fits in as text.</summary>
    public const int MaxText = 41;

    /// <summary>The least id, which no entry has.</summary>
    public static StreamId Min => default;

    /// <summary>The greatest id.</summary>
    public static StreamId Max => new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>Whether one comes before the other.</summary>
    public static bool operator <(StreamId left, StreamId right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes after the other.</summary>
    public static bool operator >(StreamId left, StreamId right) => left.CompareTo(right) > 0;

    /// <summary>Whether one does not come after the other.</summary>
    public static bool operator <=(StreamId left, StreamId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one does not come before the other.</summary>
    public static bool operator >=(StreamId left, StreamId right) => left.CompareTo(right) >= 0;

    /// <summary>Reads "ms-seq", or "ms" with a sequence number to be assumed.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, ulong missingSeq, out StreamId id)
    {
        id = default;
        int dash = text.IndexOf((byte)'-');
        ulong seq = missingSeq;
        if (!Numbers.TryParseUnsigned(dash < 0 ? text : text[..dash], out ulong ms)) return false;
        if (dash >= 0 && !Numbers.TryParseUnsigned(text[(dash + 1)..], out seq)) return false;
        id = new StreamId(ms, seq);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(StreamId other) => Ms != other.Ms ? Ms.CompareTo(other.Ms) : Seq.CompareTo(other.Seq);

    /// <summary>The id that follows; false when there is none, and then it is the least.</summary>
    public bool TryNext(out StreamId next)
    {
        bool exists = this != Max;
        next = Seq != ulong.MaxValue ? this with { Seq = Seq + 1 } : new StreamId(unchecked(Ms + 1), 0);
        return exists;
    }

    /// <summary>The id before; false when there is none, and then it is the greatest.</summary>
    public bool TryPrevious(out StreamId previous)
    {
        bool exists = this != Min;
        previous = Seq != 0 ? this with { Seq = Seq - 1 } : new StreamId(unchecked(Ms - 1), ulong.MaxValue);
        return exists;
    }

    /// <summary>Writes it as text; returns the length.</summary>
    public int Format(Span<byte> destination, byte separator = (byte)'-')
    {
        Ms.TryFormat(destination, out int length);
        destination[length++] = separator;
        Seq.TryFormat(destination[length..], out int seqLength);
        return length + seqLength;
    }
}
