using System.Text;

namespace KestrelFree.Server.Networking;

/// <summary>What a client had sent when its request turned out to be none, for the log.</summary>
internal static class InputSample
{
    private const int ShownBytes = 128;

    /// <summary>All of a short input, the two ends of a long one; bytes that cannot be printed as dots.</summary>
    internal static string Of(ReadOnlySpan<byte> input) => input.Length < ShownBytes
        ? $"'{Printable(input)}'"
        : $"'{Printable(input[..(ShownBytes / 2)])}' (... more {input.Length - ShownBytes} bytes ...) '{Printable(input[^(ShownBytes / 2)..])}'";

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes) text.Append(b is >= (byte)' ' and <= (byte)'~' ? (char)b : '.');
        return text.ToString();
    }
}
