using KestrelFree.Protocol;

namespace KestrelFree.Storage.Encodings;

/// <summary>
/// An element of a listpack, an integer or a string, as it is read from one and written to one. A string is a span into where it came from.
/// </summary>
public readonly ref struct ListpackValue
{
    /// <summary>Enough bytes for the text of any integer.</summary>
    public const int MaxIntegerText = Numbers.MaxIntegerBytes;

    private readonly ReadOnlySpan<byte> _text;
    private readonly long _integer;
    private readonly bool _isInteger;

    /// <summary>An integer.</summary>
    public ListpackValue(long integer)
    {
        _integer = integer;
        _isInteger = true;
    }

    /// <summary>An element for this text: an integer if the text is the one spelling of an integer, as Redis stores it. O(20).</summary>
    public ListpackValue(ReadOnlySpan<byte> text)
    {
        _isInteger = Numbers.TryParseInteger(text, out _integer);
        if (!_isInteger) _text = text;
    }

    private ListpackValue(ReadOnlySpan<byte> text, long integer, bool isInteger)
    {
        _text = text;
        _integer = integer;
        _isInteger = isInteger;
    }

    /// <summary>Whether it is stored as an integer.</summary>
    public bool IsInteger => _isInteger;

    /// <summary>The integer; 0 for a string.</summary>
    public long Integer => _integer;

    /// <summary>The bytes of a string; empty for an integer.</summary>
    public ReadOnlySpan<byte> Bytes => _text;

    /// <summary>The length of its text, digits counted for an integer.</summary>
    public int TextLength => _isInteger ? Numbers.DigitCount(_integer) : _text.Length;

    /// <summary>Bytes that it takes in a listpack, its back length included.</summary>
    public int EntryBytes => _isInteger ? ListpackElement.EntryBytes(_integer) : ListpackElement.EntryBytes(_text.Length);

    /// <summary>An element that holds this text.</summary>
    public static implicit operator ListpackValue(ReadOnlySpan<byte> text) => new(text);

    /// <summary>An element that holds this integer.</summary>
    public static implicit operator ListpackValue(long integer) => new(integer);

    /// <summary>A string exactly as it was found, even where it could be an integer.</summary>
    internal static ListpackValue OfString(ReadOnlySpan<byte> text) => new(text, 0, isInteger: false);

    /// <summary>Its text; an integer is printed into <paramref name="scratch"/> (<see cref="MaxIntegerText"/> bytes).</summary>
    public ReadOnlySpan<byte> GetText(Span<byte> scratch) =>
        _isInteger ? scratch[..Numbers.FormatInteger(scratch, _integer)] : _text;

    /// <summary>The integer, if it is one or its text spells one.</summary>
    public bool TryGetInteger(out long value)
    {
        value = _integer;
        return _isInteger || Numbers.TryParseInteger(_text, out value);
    }

    /// <summary>Whether both have the same text; nothing is printed.</summary>
    public bool TextEquals(ListpackValue other)
    {
        if (_isInteger == other._isInteger) return _integer == other._integer && _text.SequenceEqual(other._text);
        return _isInteger
            ? Numbers.TryParseInteger(other._text, out long value) && value == _integer
            : Numbers.TryParseInteger(_text, out value) && value == other._integer;
    }

    /// <summary>Writes its entry, <see cref="EntryBytes"/> long, at the start of <paramref name="destination"/>; returns its length.</summary>
    public int WriteTo(Span<byte> destination) =>
        _isInteger ? ListpackElement.Write(destination, _integer) : ListpackElement.Write(destination, _text);
}
