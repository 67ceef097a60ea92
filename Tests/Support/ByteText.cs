using System.Globalization;
using System.Text;

namespace KestrelFree.Tests.Support;

// Bytes as text that a person reads and a file keeps: redis-cli's quoting. Every byte outside printable ASCII is an
// escape, so that text and bytes map one to one; strings in tests hold one byte per char (Latin-1) for the same reason.

/// <summary>Quotes bytes and splits quoted lines, as redis-cli does.</summary>
internal static class ByteText
{
    /// <summary>The bytes in double quotes, with \r, \n, \t, \" , \\ and \xHH escapes.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes) => $"\"{Escape(bytes)}\"";

    /// <summary>The bytes with escapes, without quotes.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var value in bytes)
            AppendEscaped(text, value);

        return text.ToString();
    }

    /// <summary>An argument as it stands in a script: bare when that reads back alike, quoted otherwise.</summary>
    public static string Argument(ReadOnlySpan<byte> bytes)
    {
        var escaped = Escape(bytes);
        var bare = bytes.Length > 0 && escaped.Length == bytes.Length && !escaped.AsSpan().ContainsAny(" '\"#");
        return bare ? escaped : $"\"{escaped}\"";
    }

    /// <summary>The bytes of a string that holds one byte per char.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>The string that holds one byte per char.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>Splits a line into arguments at spaces; double quotes take escapes. Throws FormatException on a missing quote.</summary>
    public static IReadOnlyList<string> SplitArguments(string line)
    {
        var arguments = new List<string>();
        var at = 0;
        while (true)
        {
            while (at < line.Length && line[at] == ' ')
                at++;

            if (at == line.Length) return arguments;

            arguments.Add(line[at] == '"' ? Quoted(line, ref at) : Bare(line, ref at));
        }
    }

    /// <summary>The bytes of the quoted text that a line holds.</summary>
    public static byte[] Unquote(string quoted)
    {
        var at = 0;
        return Bytes(Quoted(quoted, ref at));
    }

    private static string Bare(string line, ref int at)
    {
        var start = at;
        while (at < line.Length && line[at] != ' ')
            at++;

        return line[start..at];
    }

    private static string Quoted(string line, ref int at)
    {
        var text = new StringBuilder();
        for (at++; at < line.Length; at++)
        {
            if (line[at] == '"')
            {
                at++;
                return text.ToString();
            }

            text.Append(line[at] == '\\' && at + 1 < line.Length ? Escaped(line, ref at) : line[at]);
        }

        throw new FormatException($"A closing quote is missing: {line}");
    }

    private static char Escaped(string line, ref int at)
    {
        at++;
        if (line[at] == 'x')
        {
            at += 2;
            return (char)byte.Parse(line.AsSpan(at - 1, 2), NumberStyles.HexNumber);
        }

        return line[at] switch { 'r' => '\r', 'n' => '\n', 't' => '\t', var other => other };
    }

    private static void AppendEscaped(StringBuilder text, byte value)
    {
        _ = (char)value switch
        {
            '\r' => text.Append("\\r"),
            '\n' => text.Append("\\n"),
            '\t' => text.Append("\\t"),
            '"' => text.Append("\\\""),
            '\\' => text.Append("\\\\"),
            >= ' ' and <= '~' => text.Append((char)value),
            _ => text.Append("\\x").Append(value.ToString("x2")),
        };
    }
}
