using System.Text;

namespace KestrelFree.Tests.Support;

// One reply as text: each frame on a line of its own, elements indented under their aggregate. The first character is
// the wire's own type byte; bulk strings are quoted in place of their length:
//
//     +OK      -ERR no such key      :42      $"hello"      $nil      *nil      _      ,3.14      #t
//     %2
//       $"proto"
//       :3
//
// Two replies have the same text exactly when they have the same bytes, so tests compare texts and people read them.

/// <summary>Renders raw replies.</summary>
internal static class ReplyText
{
    /// <summary>The text of one whole frame; lines are separated by '\n', the last one has none.</summary>
    public static string Render(ReadOnlySpan<byte> frame)
    {
        var text = new StringBuilder();
        var at = 0;
        RenderFrame(frame, ref at, depth: 0, text);
        return text.ToString(0, text.Length - 1);
    }

    /// <summary>The text of as many whole frames as there are; what is left over follows as quoted bytes.</summary>
    public static string RenderAll(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<string>();
        try
        {
            while (!bytes.IsEmpty && ReplyFrames.TryMeasure(bytes, out var length))
            {
                lines.Add(Render(bytes[..length]));
                bytes = bytes[length..];
            }
        }
        catch (FormatException)
        {
            // What does not read as a reply is shown as bytes below.
        }

        if (!bytes.IsEmpty) lines.Add("bytes " + ByteText.Quote(bytes));

        return string.Join('\n', lines);
    }

    private static void RenderFrame(ReadOnlySpan<byte> bytes, ref int at, int depth, StringBuilder text)
    {
        var end = at + bytes[at..].IndexOf("\r\n"u8);
        var type = (char)bytes[at];
        var line = bytes[(at + 1)..end];
        at = end + 2;
        text.Append(' ', 2 * depth).Append(type);
        switch (type)
        {
            case '$' or '=' or '!' when line is not [(byte)'-', ..]:
                var payload = bytes.Slice(at, int.Parse(line));
                at += payload.Length + 2;
                text.Append(ByteText.Quote(payload)).Append('\n');
                return;
            case '$' or '*' when line.SequenceEqual("-1"u8):
                text.Append("nil\n");
                return;
        }

        text.Append(ByteText.Escape(line)).Append('\n');
        for (var children = Children(type, line); children > 0; children--)
            RenderFrame(bytes, ref at, depth + 1, text);
    }

    private static int Children(char type, ReadOnlySpan<byte> line) => type switch
    {
        '*' or '~' or '>' => int.Parse(line),
        '%' => 2 * int.Parse(line),
        '|' => (2 * int.Parse(line)) + 1,
        _ => 0,
    };
}
