using System.Buffers;
using System.Text;

namespace KestrelFree.Server.Networking;

/// <summary>What a client had sent when its request turned out to be none, for the log.</summary>
internal static class InputSample
{
    private const int ShownBytes = 128;

    private static readonly SearchValues<string> BeforeSecrets = SearchValues.Create(["auth", "pass", "setuser"], StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// All of a short input, the two ends of a long one; bytes that cannot be printed as dots. Nothing of it where it may hold a password.
    /// </summary>
    internal static string Of(ReadOnlySpan<byte> input) => Encoding.Latin1.GetString(input).AsSpan().ContainsAny(BeforeSecrets) ? ClientDescription.Hidden : Sample(input);

    private static string Sample(ReadOnlySpan<byte> input) => input.Length < ShownBytes
        ? $"'{Printable(input)}'"
        : $"'{Printable(input[..(ShownBytes / 2)])}' (... more {input.Length - ShownBytes} bytes ...) '{Printable(input[^(ShownBytes / 2)..])}'";

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes) text.Append(b is >= (byte)' ' and <= (byte)'~' ? (char)b : '.');
        return text.ToString();
    }
}
