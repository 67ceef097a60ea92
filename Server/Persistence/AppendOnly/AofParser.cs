using System.Buffers;
using System.Buffers.Text;
using KestrelFree.Protocol;

namespace KestrelFree.Server.Persistence;

/// <summary>What an append-only file holds next.</summary>
internal enum AofToken
{
    /// <summary>A request.</summary>
    Request,

    /// <summary>A line that begins with #, such as the time of what follows.</summary>
    Annotation,

    /// <summary>The beginning of either.</summary>
    Incomplete,

    /// <summary>Neither.</summary>
    Malformed,
}

/// <summary>Reads the requests of an append-only file: multibulk requests and nothing else, unlike what clients may send.</summary>
internal sealed class AofParser
{
    private const int MostArguments = 1 << 20;
    private const int LongestNumberLine = 32;
    private const int LongestAnnotation = 1024;

    private static readonly SearchValues<byte> NumberLine = SearchValues.Create("-0123456789\r"u8);

    private ArgSlice[] _slices = new ArgSlice[16];
    private int _count;

    /// <summary>Reads what is at a position, and moves the position behind it unless it is incomplete or malformed. O(bytes).</summary>
    internal AofToken Read(ReadOnlySpan<byte> bytes, ref int position)
    {
        if (position == bytes.Length) return AofToken.Incomplete;
        return bytes[position] == '#' ? ReadAnnotation(bytes, ref position) : ReadRequest(bytes, ref position);
    }

    /// <summary>The arguments of the last request, in the same bytes.</summary>
    internal ArgVector Arguments(ReadOnlySpan<byte> bytes) => new(bytes, _slices.AsSpan(0, _count));

    private static AofToken ReadAnnotation(ReadOnlySpan<byte> bytes, ref int position)
    {
        var rest = bytes[position..];
        var end = rest[..Math.Min(rest.Length, LongestAnnotation)].IndexOf((byte)'\n');
        if (end < 0) return rest.Length < LongestAnnotation ? AofToken.Incomplete : AofToken.Malformed;
        position += end + 1;
        return AofToken.Annotation;
    }

    private AofToken ReadRequest(ReadOnlySpan<byte> bytes, ref int position)
    {
        var at = position;
        var token = ReadNumber(bytes, ref at, (byte)'*', out var count);
        if (token != AofToken.Request) return token;
        if (count is < 1 or > MostArguments) return AofToken.Malformed;
        if (_slices.Length < count) _slices = new ArgSlice[count];
        for (var i = 0; i < count; i++)
        {
            token = ReadNumber(bytes, ref at, (byte)'$', out var length);
            if (token != AofToken.Request) return token;
            if (length is < 0 or > int.MaxValue) return AofToken.Malformed;
            if (bytes.Length - at < length + 2) return AofToken.Incomplete;
            if (!bytes.Slice(at + (int)length, 2).SequenceEqual("\r\n"u8)) return AofToken.Malformed;
            _slices[i] = new ArgSlice(at, (int)length);
            at += (int)length + 2;
        }

        _count = (int)count;
        position = at;
        return AofToken.Request;
    }

    private static AofToken ReadNumber(ReadOnlySpan<byte> bytes, ref int at, byte type, out long number)
    {
        number = 0;
        var rest = bytes[at..];
        if (rest.IsEmpty) return AofToken.Incomplete;
        if (rest[0] != type) return AofToken.Malformed;
        var end = rest[..Math.Min(rest.Length, LongestNumberLine)].IndexOf("\r\n"u8);
        if (end < 0) return rest.Length < LongestNumberLine && IsNumberSoFar(rest[1..]) ? AofToken.Incomplete : AofToken.Malformed;
        if (!Utf8Parser.TryParse(rest[1..end], out number, out var used) || used != end - 1) return AofToken.Malformed;
        at += end + 2;
        return AofToken.Request;
    }

    private static bool IsNumberSoFar(ReadOnlySpan<byte> digits) => digits.IndexOfAnyExcept(NumberLine) < 0;
}
