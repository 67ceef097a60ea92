using System.Text;

namespace KestrelFree.Server.Config;

/// <summary>
/// Bytes held as text, one character per byte (Latin-1), so that any value survives parsing, CONFIG GET and CONFIG REWRITE unchanged.
/// </summary>
internal static class ByteText
{
    /// <summary>Takes bytes as they are. O(n).</summary>
    public static string From(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>Gives the bytes back. O(n).</summary>
    public static byte[] ToBytes(string byteText) => Encoding.Latin1.GetBytes(byteText);

    /// <summary>Takes ordinary text (an argument of the process, an environment variable) as its UTF-8 bytes.</summary>
    public static string FromUnicode(string text) => From(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads the bytes as UTF-8, for paths and log lines.</summary>
    public static string ToUnicode(string byteText) => IsAscii(byteText) ? byteText : Encoding.UTF8.GetString(ToBytes(byteText));

    /// <summary>Quotes a value so that <see cref="ConfTokens"/> reads the same bytes back.</summary>
    public static string Quote(string value)
    {
        var quoted = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            var escape = EscapeOf(c);
            if (escape is null) quoted.Append(c);
            else quoted.Append(escape);
        }

        return quoted.Append('"').ToString();
    }

    private static string? EscapeOf(char c) => c switch
    {
        '\\' => @"\\",
        '"' => "\\\"",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\a' => @"\a",
        '\b' => @"\b",
        >= ' ' and <= '~' => null,
        _ => $"\\x{(int)c:x2}",
    };

    private static bool IsAscii(string text) => System.Text.Ascii.IsValid(text);
}
