using System.Buffers.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>What a command of the SCAN family goes through, and so which options it takes.</summary>
internal enum ScanSubject
{
    /// <summary>The keys of a database: MATCH, COUNT and TYPE.</summary>
    Keys,

    /// <summary>The elements of a value: MATCH and COUNT.</summary>
    Elements,

    /// <summary>The fields of a hash: MATCH, COUNT and NOVALUES.</summary>
    Fields,

    /// <summary>The members of a sorted set, with their scores: MATCH and COUNT.</summary>
    Members,
}

/// <summary>
/// The options of SCAN and its relatives. Filters choose among the COUNT entries that a call looks at; they do not make it look at more.
/// </summary>
internal ref struct ScanOptions
{
    private const long DefaultCount = 10;

    private ReadOnlySpan<byte> _pattern;
    private ReadOnlySpan<byte> _typeName;
    private bool _hasPattern;
    private bool _hasType;

    /// <summary>About how many entries to look at.</summary>
    internal long Count { get; private set; }

    /// <summary>NOVALUES: fields are replied without their values.</summary>
    internal bool HasNoValues { get; private set; }

    /// <summary>
    /// Reads a cursor as C's strtoul does: it ends at a NUL, an empty one is 0, a negative one wraps; but a blank before it is refused.
    /// </summary>
    internal static bool TryCursorOrReply(Client client, ReadOnlySpan<byte> argument, out ulong cursor)
    {
        cursor = 0;
        var nul = argument.IndexOf((byte)0);
        var text = nul < 0 ? argument : argument[..nul];
        if (text.IsEmpty) return true;
        var digits = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (Utf8Parser.TryParse(digits, out ulong magnitude, out var consumed) && consumed == digits.Length && digits[0] is not (byte)'+')
        {
            cursor = text[0] == '-' ? 0 - magnitude : magnitude;
            return true;
        }

        client.Reply.Error("ERR invalid cursor"u8);
        return false;
    }

    /// <summary>Reads the options from <paramref name="first"/> on.</summary>
    internal static bool TryParseOrReply(Client client, in ArgVector args, int first, ScanSubject subject, out ScanOptions options)
    {
        options = new ScanOptions { Count = DefaultCount };
        for (var i = first; i < args.Count; i++)
        {
            var hasValue = i + 1 < args.Count;
            if (hasValue && args[i].Is("count"u8))
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out var count)) return false;
                options.Count = count;
                if (count >= 1) continue;
            }
            else if (hasValue && args[i].Is("match"u8))
            {
                options._pattern = args[++i];
                options._hasPattern = !options._pattern.SequenceEqual("*"u8);
                continue;
            }
            else if (hasValue && subject == ScanSubject.Keys && args[i].Is("type"u8))
            {
                options._typeName = args[++i];
                options._hasType = true;
                continue;
            }
            else if (subject == ScanSubject.Fields && args[i].Is("novalues"u8))
            {
                options.HasNoValues = true;
                continue;
            }

            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    /// <summary>Whether a key passes the filters. A name that is no type's lets none pass.</summary>
    internal readonly bool Accepts(EntryView entry) =>
        (!_hasType || _typeName.Is(entry.TypeName)) && Accepts(entry.Key);

    /// <summary>Whether an element passes the pattern.</summary>
    internal readonly bool Accepts(ReadOnlySpan<byte> element) => !_hasPattern || Glob.IsMatch(_pattern, element, CaseSensitivity.Sensitive);
}
