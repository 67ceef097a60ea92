namespace KestrelFree.Protocol;

/// <summary>What became of reading a reply.</summary>
public enum ReadStatus
{
    /// <summary>A reply was read.</summary>
    Complete,

    /// <summary>The reply has not come whole.</summary>
    NeedMore,

    /// <summary>The bytes are no reply.</summary>
    Invalid,
}

// Reads replies of both versions into values, for tests, tools and connections to other servers. It favours plainness
// over speed: a reply that has come in part is read again from its start, and every value is an object.

/// <summary>Decodes replies.</summary>
public static class ReplyReader
{
    private const int MaxDepth = 512;

    /// <summary>Reads the reply that <paramref name="data"/> begins with; O(its bytes).</summary>
    /// <param name="data">Received bytes.</param>
    /// <param name="value">The reply, when complete.</param>
    /// <param name="consumed">Its length in bytes, when complete.</param>
    public static ReadStatus TryRead(ReadOnlySpan<byte> data, out RespValue value, out int consumed)
    {
        int position = 0;
        ReadStatus status = ReadValue(data, ref position, 0, out value);
        consumed = status == ReadStatus.Complete ? position : 0;
        return status;
    }

    /// <summary>Reads all replies of <paramref name="data"/>.</summary>
    /// <exception cref="FormatException">The bytes are not whole replies.</exception>
    public static IReadOnlyList<RespValue> ReadAll(ReadOnlySpan<byte> data)
    {
        var values = new List<RespValue>();
        while (!data.IsEmpty)
        {
            ReadStatus status = TryRead(data, out RespValue value, out int consumed);
            if (status != ReadStatus.Complete) throw new FormatException($"{status} after {values.Count} replies.");
            values.Add(value);
            data = data[consumed..];
        }

        return values;
    }

    private static ReadStatus ReadValue(ReadOnlySpan<byte> data, ref int position, int depth, out RespValue value)
    {
        value = null!;
        if (position >= data.Length) return ReadStatus.NeedMore;
        var type = (RespType)data[position];
        if (depth > MaxDepth || !Enum.IsDefined(type) || type == RespType.None) return ReadStatus.Invalid;
        int end = data[position..].IndexOf("\r\n"u8);
        if (end < 0) return ReadStatus.NeedMore;

        ReadOnlySpan<byte> line = data.Slice(position + 1, end - 1);
        position += end + 2;
        return type switch
        {
            RespType.Bulk or RespType.Verbatim or RespType.BulkError => ReadBlob(data, ref position, type, line, out value),
            RespType.Array or RespType.Set or RespType.Push or RespType.Map => ReadItems(data, ref position, depth, type, line, out value),
            RespType.Attribute => ReadAttributed(data, ref position, depth, line, out value),
            _ => ReadScalar(type, line, out value),
        };
    }

    private static ReadStatus ReadScalar(RespType type, ReadOnlySpan<byte> line, out RespValue value)
    {
        value = new RespValue(type, line.ToArray(), null, type == RespType.Null);
        bool valid = type switch
        {
            RespType.Null => line.IsEmpty,
            RespType.Integer => Numbers.TryParseInteger(line, out _),
            RespType.Boolean => line.SequenceEqual("t"u8) || line.SequenceEqual("f"u8),
            RespType.Double => line.SequenceEqual("nan"u8) || Numbers.TryParseDouble(line, out _),
            _ => true,
        };
        return valid ? ReadStatus.Complete : ReadStatus.Invalid;
    }

    private static ReadStatus ReadBlob(ReadOnlySpan<byte> data, ref int position, RespType type, ReadOnlySpan<byte> line, out RespValue value)
    {
        value = new RespValue(type, [], null, true);
        if (!Numbers.TryParseInteger(line, out long length) || length < -1 || length > int.MaxValue)
            return ReadStatus.Invalid;
        if (length < 0) return type == RespType.Bulk ? ReadStatus.Complete : ReadStatus.Invalid;
        if (data.Length - position < length + 2) return ReadStatus.NeedMore;
        if (!data.Slice(position + (int)length, 2).SequenceEqual("\r\n"u8)) return ReadStatus.Invalid;
        value = new RespValue(type, data.Slice(position, (int)length).ToArray(), null, false);
        position += (int)length + 2;
        return ReadStatus.Complete;
    }

    private static ReadStatus ReadItems(
        ReadOnlySpan<byte> data, ref int position, int depth, RespType type, ReadOnlySpan<byte> line, out RespValue value)
    {
        value = new RespValue(type, [], null, true);
        if (!Numbers.TryParseInteger(line, out long count) || count < -1 || count > int.MaxValue)
            return ReadStatus.Invalid;
        if (count < 0) return type == RespType.Array ? ReadStatus.Complete : ReadStatus.Invalid;

        long total = type == RespType.Map ? count * 2 : count;
        var items = new List<RespValue>();
        for (long i = 0; i < total; i++)
        {
            ReadStatus status = ReadValue(data, ref position, depth + 1, out RespValue item);
            if (status != ReadStatus.Complete) return status;
            items.Add(item);
        }

        value = new RespValue(type, [], items, false);
        return ReadStatus.Complete;
    }

    private static ReadStatus ReadAttributed(ReadOnlySpan<byte> data, ref int position, int depth, ReadOnlySpan<byte> line, out RespValue value)
    {
        ReadStatus status = ReadItems(data, ref position, depth, RespType.Map, line, out RespValue attributes);
        if (status != ReadStatus.Complete)
        {
            value = attributes;
            return status;
        }

        status = ReadValue(data, ref position, depth + 1, out value);
        if (status == ReadStatus.Complete) value.Attributes = attributes.Items;
        return status;
    }
}
