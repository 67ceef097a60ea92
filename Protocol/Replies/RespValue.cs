using System.Globalization;
using System.Text;

namespace KestrelFree.Protocol;

/// <summary>A decoded reply: a value and, if it is an aggregate, its elements.</summary>
public sealed class RespValue
{
    private readonly byte[] _bytes;

    internal RespValue(RespType type, byte[] bytes, IReadOnlyList<RespValue>? items, bool isNull)
    {
        Type = type;
        _bytes = bytes;
        Items = items ?? [];
        IsNull = isNull;
    }

    /// <summary>What it is on the wire.</summary>
    public RespType Type { get; }

    /// <summary>Whether it is a null of either version.</summary>
    public bool IsNull { get; }

    /// <summary>The text of a scalar, without type, length and line end.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The elements; a map's keys and values alternate.</summary>
    public IReadOnlyList<RespValue> Items { get; }

    /// <summary>The pairs that came before the value as attributes.</summary>
    public IReadOnlyList<RespValue> Attributes { get; internal set; } = [];

    /// <summary>The text of a scalar, as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(_bytes);

    /// <summary>Whether it is an error.</summary>
    public bool IsError => Type is RespType.Error or RespType.BulkError;

    /// <summary>The value as an integer.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public long Integer => Numbers.TryParseInteger(_bytes, out long value) ? value : throw new FormatException($"No integer: {this}");

    /// <summary>The value as a double.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public double Number
    {
        get
        {
            if (_bytes.AsSpan().SequenceEqual("nan"u8)) return double.NaN;
            return Numbers.TryParseDouble(_bytes, out double value) ? value : throw new FormatException($"No number: {this}");
        }
    }

    /// <summary>Whether both are the same reply, types included.</summary>
    public static bool DeepEquals(RespValue left, RespValue right)
    {
        if (left.Type != right.Type || left.IsNull != right.IsNull || !left.Bytes.SequenceEqual(right.Bytes))
            return false;
        return AllEqual(left.Items, right.Items) && AllEqual(left.Attributes, right.Attributes);
    }

    /// <summary>A readable form, in the manner of redis-cli.</summary>
    public override string ToString()
    {
        if (IsNull) return "(nil)";
        return Type switch
        {
            RespType.Array or RespType.Push => $"{(Type == RespType.Push ? "push" : "")}[{string.Join(", ", Items)}]",
            RespType.Map or RespType.Set => $"{(Type == RespType.Map ? "map" : "set")}{{{string.Join(", ", Items)}}}",
            RespType.Integer => $"(integer) {Text}",
            RespType.Double => $"(double) {Text}",
            RespType.Boolean => Text == "t" ? "(true)" : "(false)",
            RespType.Error or RespType.BulkError => $"(error) {Text}",
            RespType.SimpleString => Text,
            _ => Quote(),
        };
    }

    private static bool AllEqual(IReadOnlyList<RespValue> left, IReadOnlyList<RespValue> right)
    {
        if (left.Count != right.Count) return false;
        for (int i = 0; i < left.Count; i++)
        {
            if (!DeepEquals(left[i], right[i])) return false;
        }

        return true;
    }

    private string Quote()
    {
        var text = new StringBuilder("\"");
        foreach (byte value in _bytes)
        {
            if (value is (byte)'"' or (byte)'\\') text.Append('\\').Append((char)value);
            else if (value is >= 0x20 and < 0x7F) text.Append((char)value);
            else text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }

        return text.Append('"').ToString();
    }
}
