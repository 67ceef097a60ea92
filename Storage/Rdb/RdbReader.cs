using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using KestrelFree.Protocol;

namespace KestrelFree.Storage;

// Reads the elements of the RDB format (see RdbWriter) out of a window of bytes, which is all there is, or is moved on over a stream by an RdbInput.
//
// Nothing that is read is trusted: no length is allocated for before as many bytes are there (or, compressed, can be in what is there), and what
// cannot be right is an RdbException that names the offset and the field. A span that a method returns lives until the next call.

/// <summary>Reads the elements of the RDB format.</summary>
public ref struct RdbReader
{
    // A copy of 264 bytes takes three.
    private const ulong MostLzfGain = 88;

    private readonly RdbInput? _input;
    private readonly string _source;
    private ReadOnlySpan<byte> _window;
    private long _windowOffset;
    private int _at;
    private byte[] _scratch = [];

    /// <summary>Reads bytes that are all there.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="source">What they are, for errors.</param>
    public RdbReader(ReadOnlySpan<byte> bytes, string source)
    {
        _window = bytes;
        _source = source;
    }

    /// <summary>Reads a stream. One reader at a time may use an input.</summary>
    public RdbReader(RdbInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _input = input;
        _source = input.Name;
        _windowOffset = input.Offset;
        _window = input.Window;
    }

    /// <summary>How many bytes have been read.</summary>
    public readonly long Offset => _windowOffset + _at;

    /// <summary>The checksum of all that has been read of a stream.</summary>
    public readonly ulong Checksum() => _input!.ChecksumWith(_at);

    /// <summary>Leaves the rest of a stream to the next reader of its input.</summary>
    public void Suspend()
    {
        _window = _input!.Advance(_at, 0);
        _windowOffset += _at;
        _at = 0;
    }

    /// <summary>What is there to be read, of a stream so many bytes at least unless it ends before.</summary>
    internal ReadOnlySpan<byte> LookAhead(int wanted)
    {
        if (_input is not null && _window.Length - _at < wanted)
        {
            _window = _input.Advance(_at, wanted);
            _windowOffset += _at;
            _at = 0;
        }

        return _window[_at..];
    }

    /// <summary>Says that what was read cannot be right.</summary>
    [DoesNotReturn]
    public readonly void Fail(string field, string problem) => throw new RdbException(_source, Offset, field, problem);

    /// <summary>Says that all was read and cannot be what was written.</summary>
    [DoesNotReturn]
    internal readonly void FailChecksum(string problem) => throw new RdbException(_source, Offset, "checksum", problem) { Kind = RdbFault.Checksum };

    /// <summary>Reads a byte.</summary>
    public byte ReadByte(string field) => ReadBytes(1, field)[0];

    /// <summary>Reads so many bytes as they are.</summary>
    public ReadOnlySpan<byte> ReadBytes(int count, string field)
    {
        if (count > _window.Length - _at) Refill(count, field);
        ReadOnlySpan<byte> bytes = _window.Slice(_at, count);
        _at += count;
        return bytes;
    }

    /// <summary>Reads 64 bits, low byte first.</summary>
    public ulong ReadUInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(sizeof(ulong), field));

    /// <summary>Reads 32 bits, low byte first.</summary>
    public uint ReadUInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(sizeof(uint), field));

    /// <summary>Reads a double in binary.</summary>
    public double ReadDouble(string field) => BitConverter.UInt64BitsToDouble(ReadUInt64(field));

    /// <summary>Reads a length or count.</summary>
    public ulong ReadLength(string field)
    {
        if (TryReadLength(field, out ulong length)) return length;
        Fail(field, "an encoded string in the place of a length");
        return 0;
    }

    /// <summary>Reads a string, which may be as long as an array; an encoded one is spelled out. O(length).</summary>
    public ReadOnlySpan<byte> ReadString(string field)
    {
        if (TryReadLength(field, out ulong length)) return ReadBytes(Within(length, Array.MaxLength, field), field);
        switch ((int)length)
        {
            case RdbFormat.Int8:
                return Digits((sbyte)ReadByte(field));
            case RdbFormat.Int16:
                return Digits(BinaryPrimitives.ReadInt16LittleEndian(ReadBytes(sizeof(short), field)));
            case RdbFormat.Int32:
                return Digits(BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(sizeof(int), field)));
            case RdbFormat.Lzf:
                return ReadCompressed(field);
            default:
                Fail(field, $"unknown string encoding {length}");
                return default;
        }
    }

    // False for an encoded string: its kind is in the place of the length then.
    private bool TryReadLength(string field, out ulong length)
    {
        byte first = ReadByte(field);
        length = first & 0x3Fu;
        switch (first & RdbFormat.FormMask)
        {
            case RdbFormat.ShortForm:
                return true;
            case RdbFormat.MediumForm:
                length = (length << 8) | ReadByte(field);
                return true;
            case RdbFormat.EncodedForm:
                return false;
        }

        if (first == RdbFormat.Length32)
            length = BinaryPrimitives.ReadUInt32BigEndian(ReadBytes(sizeof(uint), field));
        else if (first == RdbFormat.Length64)
            length = BinaryPrimitives.ReadUInt64BigEndian(ReadBytes(sizeof(ulong), field));
        else
            Fail(field, $"unknown length form 0x{first:x2}");
        return true;
    }

    private ReadOnlySpan<byte> ReadCompressed(string field)
    {
        int compressed = Within(ReadLength(field), Array.MaxLength, field);
        ulong plain = ReadLength(field);
        ReadOnlySpan<byte> bytes = ReadBytes(compressed, field);
        int length = Within(plain, Math.Min((ulong)compressed * MostLzfGain, (ulong)Array.MaxLength), field);
        Span<byte> target = Scratch(length);
        if (!Lzf.TryDecompress(bytes, target)) Fail(field, "the compressed string does not yield what it says");
        return target;
    }

    private ReadOnlySpan<byte> Digits(long value)
    {
        Span<byte> digits = Scratch(Numbers.MaxIntegerBytes);
        return digits[..Numbers.FormatInteger(digits, value)];
    }

    private Span<byte> Scratch(int length)
    {
        if (_scratch.Length < length) _scratch = GC.AllocateUninitializedArray<byte>(length);
        return _scratch.AsSpan(0, length);
    }

    private readonly int Within(ulong length, long most, string field) => Within(length, (ulong)most, field);

    private readonly int Within(ulong length, ulong most, string field)
    {
        if (length > most) Fail(field, $"a length of {length}, at most {most} is possible");
        return (int)length;
    }

    private void Refill(int wanted, string field)
    {
        if (_input is not null)
        {
            _window = _input.Advance(_at, wanted);
            _windowOffset += _at;
            _at = 0;
        }

        if (_window.Length - _at < wanted)
            throw new RdbException(_source, Offset, field, $"the data ends after {_window.Length - _at} of {wanted} bytes") { Kind = RdbFault.Short };
    }
}
