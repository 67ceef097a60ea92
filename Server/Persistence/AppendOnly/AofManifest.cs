using System.Globalization;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Persistence;

/// <summary>What part a file plays in an append-only file.</summary>
internal enum AofFileType
{
    /// <summary>The data as it was at one moment; the first to be loaded, at most one.</summary>
    Base = 'b',

    /// <summary>What was done after that, in order.</summary>
    Incr = 'i',

    /// <summary>What a rewrite has replaced and nobody has deleted yet.</summary>
    History = 'h',
}

/// <summary>A file of an append-only file.</summary>
/// <param name="Name">Its name, in the folder of the append-only file.</param>
/// <param name="Seq">Its number among the files of its type, which only grows.</param>
/// <param name="Type">What it is.</param>
internal sealed record AofFileEntry(string Name, long Seq, AofFileType Type);

// The list of the files that an append-only file consists of, and the order in which they are loaded. As text, a line for each:
//
//     file appendonly.aof.2.base.rdb seq 2 type b
//     file appendonly.aof.7.incr.aof seq 7 type i
//
// in the order base, history, incremental files by their numbers. A word with blanks or other than printable bytes is quoted as in redis.conf; a
// line that begins with # is a comment, and pairs of words that are not known are passed over, since later versions of Redis write some. The
// file is replaced as a whole, never edited: what it lists is, at any moment, a complete data set.

/// <summary>Lists the files of an append-only file.</summary>
internal sealed class AofManifest
{
    private const int LongestLine = 1024;

    private readonly List<AofFileEntry> _incrs = [];
    private readonly List<AofFileEntry> _history = [];
    private long _baseSeq;
    private long _incrSeq;

    /// <summary>The data that the rest goes on from.</summary>
    internal AofFileEntry? Base { get; private set; }

    /// <summary>The incremental files, oldest first.</summary>
    internal IReadOnlyList<AofFileEntry> Incrs => _incrs;

    /// <summary>Files to be deleted.</summary>
    internal IReadOnlyList<AofFileEntry> History => _history;

    /// <summary>Whether there is nothing to load.</summary>
    internal bool IsEmpty => Base is null && _incrs.Count == 0;

    /// <summary>Reads a manifest. O(bytes). Throws <see cref="LoadException"/> for what is none.</summary>
    internal static AofManifest Parse(ReadOnlySpan<byte> text)
    {
        var manifest = new AofManifest();
        var number = 0;
        while (!text.IsEmpty)
        {
            number++;
            var end = text.IndexOf((byte)'\n');
            if (end is < 0 or >= LongestLine)
                throw Fault(number, text, end < 0 ? "The AOF manifest file has a line that does not end." : "The AOF manifest file contains too long line");
            var line = text[..end].TrimEnd((byte)'\r');
            text = text[(end + 1)..];
            if (!line.IsEmpty && line[0] == '#') continue;
            if (line.Trim((byte)' ').IsEmpty) throw Fault(number, line, "Invalid AOF manifest file format");
            manifest.Add(ParseLine(line, number), line, number);
        }

        return number > 0 ? manifest : throw Fault(number, default, "Found an empty AOF manifest");
    }

    /// <summary>The manifest of a folder that has only a base, which is known by this name: what an older version left behind.</summary>
    internal static AofManifest OfSingleFile(string name) => new() { Base = new AofFileEntry(name, 1, AofFileType.Base), _baseSeq = 1 };

    /// <summary>A copy to be changed.</summary>
    internal AofManifest Copy()
    {
        var copy = new AofManifest { Base = Base, _baseSeq = _baseSeq, _incrSeq = _incrSeq };
        copy._incrs.AddRange(_incrs);
        copy._history.AddRange(_history);
        return copy;
    }

    /// <summary>Begins a new base; the old one becomes history. Returns its name.</summary>
    internal string AddBase(string fileName, string extension)
    {
        if (Base is { } old) _history.Insert(0, old with { Type = AofFileType.History });
        Base = new AofFileEntry($"{fileName}.{++_baseSeq}.base.{extension}", _baseSeq, AofFileType.Base);
        return Base.Name;
    }

    /// <summary>Begins a new incremental file. Returns its name.</summary>
    internal string AddIncr(string fileName)
    {
        _incrs.Add(new AofFileEntry($"{fileName}.{++_incrSeq}.incr.aof", _incrSeq, AofFileType.Incr));
        return _incrs[^1].Name;
    }

    /// <summary>Makes all incremental files but so many of the newest history: the base contains them.</summary>
    internal void RetireIncrs(int kept)
    {
        for (; _incrs.Count > kept; _incrs.RemoveAt(0)) _history.Insert(0, _incrs[0] with { Type = AofFileType.History });
    }

    /// <summary>Forgets history, which has been deleted.</summary>
    internal void ForgetHistory() => _history.Clear();

    /// <summary>The manifest as text.</summary>
    internal byte[] Format()
    {
        var text = new StringBuilder();
        if (Base is { } first) Append(text, first);
        foreach (var file in _history) Append(text, file);
        foreach (var file in _incrs) Append(text, file);
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, AofFileEntry file)
    {
        var name = ByteText.FromUnicode(file.Name);
        if (name.Any(static c => c is <= ' ' or > '~' or '"' or '\'' or '\\')) name = ByteText.Quote(name);
        text.Append(CultureInfo.InvariantCulture, $"file {name} seq {file.Seq} type {(char)file.Type}\n");
    }

    private static AofFileEntry ParseLine(ReadOnlySpan<byte> line, int number)
    {
        var words = new List<byte[]>();
        if (!ArgumentSplitter.TrySplit(line, words) || words.Count < 6 || words.Count % 2 != 0) throw Fault(number, line, "Invalid AOF manifest file format");
        string? name = null;
        long seq = 0;
        var type = default(AofFileType);
        for (var i = 0; i < words.Count; i += 2)
        {
            var value = words[i + 1];
            if (Is(words[i], "file"u8)) name = Encoding.UTF8.GetString(value);
            else if (Is(words[i], "seq"u8) && !Numbers.TryParseInteger(value, out seq)) throw Fault(number, line, "Invalid AOF manifest file format");
            else if (Is(words[i], "type"u8) && value.Length == 1) type = (AofFileType)value[0];
        }

        if (string.IsNullOrEmpty(name) || seq <= 0) throw Fault(number, line, "Invalid AOF manifest file format");
        if (name.Contains('/') || name.Contains('\\')) throw Fault(number, line, "File can't be a path, just a filename");
        return new AofFileEntry(name, seq, type);
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> expected) => AsciiText.EqualsIgnoreCase(word, expected);

    private void Add(AofFileEntry file, ReadOnlySpan<byte> line, int number)
    {
        switch (file.Type)
        {
            case AofFileType.Base when Base is null:
                Base = file;
                _baseSeq = file.Seq;
                break;
            case AofFileType.Base:
                throw Fault(number, line, "Found duplicate base file information");
            case AofFileType.History:
                _history.Add(file);
                break;
            case AofFileType.Incr when file.Seq > _incrSeq:
                _incrs.Add(file);
                _incrSeq = file.Seq;
                break;
            case AofFileType.Incr:
                throw Fault(number, line, "Found a non-monotonic sequence number");
            default:
                throw Fault(number, line, "Unknown AOF file type");
        }
    }

    private static LoadException Fault(int number, ReadOnlySpan<byte> line, string reason) => new(
        $"*** FATAL AOF MANIFEST FILE ERROR *** Reading the manifest file, at line {number} >>> {ByteText.Quote(ByteText.From(line[..Math.Min(line.Length, LongestLine)]))}: {reason}");
}
