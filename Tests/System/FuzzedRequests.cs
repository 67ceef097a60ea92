using System.Text;

namespace KestrelFree.Tests.Executable;

// What a broken or malicious client sends: most requests name a command and have about as many arguments as it takes, drawn from words that
// commands look for, so that they get past the first check; some are then changed by a byte or cut off, and some are no requests at all. The
// keys are few, so that commands meet each other's values, of the right type and of the wrong one.

/// <summary>Seeded requests that may be wrong in any way.</summary>
internal sealed class FuzzedRequests(int seed, IReadOnlyList<string> commands)
{
    private const string ProtocolBytes = "*$\r\n 019-+\"'\0\xff";

    private static readonly string[] Keys = ["s", "n", "l", "h", "e", "z", "x", "b", "y", "g", "k1", "k2", "k3", "", "a:1", "b:2", "missing"];

    private static readonly string[] Numbers =
        ["0", "1", "2", "-1", "3", "10", "100", "-2", "255", "4096", "1.5", "-0", "1e3", "inf", "-inf", "nan", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1000000", " 1", "0x1"];

    private static readonly string[] Words =
    [
        "NX", "XX", "GT", "LT", "CH", "INCR", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "GET", "SET", "INCRBY", "OVERFLOW", "WRAP", "SAT", "FAIL", "u8", "i64", "u64", "#1", "COUNT", "LIMIT",
        "WITHSCORES", "WITHVALUES", "WITHSCORE", "BYSCORE", "BYLEX", "REV", "ASC", "DESC", "ALPHA", "BY", "STORE", "STOREDIST", "WITHDIST", "WITHCOORD", "WITHHASH", "FROMMEMBER", "FROMLONLAT",
        "BYRADIUS", "BYBOX", "BYPOLYGON", "m", "km", "AGGREGATE", "SUM", "MIN", "MAX", "WEIGHTS", "LEFT", "RIGHT", "BEFORE", "AFTER", "MATCH", "TYPE", "string", "NOVALUES", "FIELDS", "FNX", "FXX", "STREAMS",
        "GROUP", "g1", "c1", "BLOCK", "NOACK", "CLAIM", "IDLE", "TIME", "RETRYCOUNT", "FORCE", "JUSTID", "LASTID", "MKSTREAM", "NOMKSTREAM", "MAXLEN", "MINID", "~", "=", "*", ">", "$", "+", "-", "0-1",
        "5-*", "ENTRIESREAD", "KEEPREF", "DELREF", "ACKED", "IDS", "ANY", "DB", "REPLACE", "COPY", "AUTH", "KEYS", "ASYNC", "SYNC", "ON", "OFF", "YES", "NO", "BCAST", "PREFIX", "REDIRECT", "OPTIN", "NOLOOP",
        "ADDR", "LADDR", "USER", "SKIPME", "MAXAGE", "ID", "RANK", "MAXLEN", "IDX", "LEN", "MINMATCHLEN", "WITHMATCHLEN", "DIFF", "AND", "OR", "XOR", "NOT", "ONE", "ANDOR", "BIT", "BYTE", "(1", "(a", "[a", "[z",
        "(inf", "__keyspace@0__:*", "news", "HELP", "RESET", "FILTERBY", "ACLCAT", "PATTERN", "MODULE", "read", "SAMPLES", "SCHEDULE", "ABORT", "everything", "LIB-NAME", "IFEQ", "IFNE", "IFDEQ", "1526919030474-55",
        "alice", "bob", "secret", "+@all", "-@all", "+@read", "-@write", "+get", "-set", "+select|0", "~*", "~a:*", "%R~b:*", "%W~*", "&*", "&news", "resetkeys", "resetchannels", "on", "off", "nopass", ">secret",
        "(+get ~x*)", "clearselectors", "reset", "db=0,1", "alldbs", "resetdbs", "x_*->f", "#", "*", "h*", "[a-z]*", "\\", "f", "field", "a", "bb", "ccc",
    ];

    private readonly Random _random = new(seed);
    private readonly List<byte> _bytes = [];

    /// <summary>So many requests, one after the other; where one is cut off, the rest reads as something else.</summary>
    public byte[] Next(int count)
    {
        _bytes.Clear();
        for (var i = 0; i < count; i++) AddRequest();
        return [.. _bytes];
    }

    private void AddRequest()
    {
        var from = _bytes.Count;
        var kind = _random.Next(1000);
        if (kind < 3)
        {
            AddNoise();
            return;
        }

        if (kind < 30) AddInline();
        else AddArray();
        if (kind is >= 30 and < 60) Mutate(from);
        if (kind is >= 60 and < 63) CutOff(from);
    }

    private string[] Request()
    {
        var name = commands[_random.Next(commands.Count)].Split('|');
        var arguments = new List<string>(name);
        for (var more = _random.Next(100) < 80 ? _random.Next(6) : _random.Next(20); more > 0; more--) arguments.Add(Argument());
        return [.. arguments];
    }

    private string Argument() => _random.Next(20) switch
    {
        < 8 => Keys[_random.Next(Keys.Length)],
        < 12 => Numbers[_random.Next(Numbers.Length)],
        < 18 => Words[_random.Next(Words.Length)],
        18 => $"{_random.Next()}",
        _ => Blob(),
    };

    private string Blob()
    {
        var length = _random.Next(100) == 0 ? _random.Next(20_000) : _random.Next(80);
        var text = new StringBuilder(length);
        for (var i = 0; i < length; i++) text.Append((char)_random.Next(256));
        return text.ToString();
    }

    private void AddArray()
    {
        var request = Request();
        Add($"*{request.Length}\r\n");
        foreach (var argument in request) Add($"${argument.Length}\r\n{argument}\r\n");
    }

    private void AddInline() => Add(string.Join(' ', Request().Select(word => word.Replace('\n', ' '))) + "\r\n");

    private void AddNoise()
    {
        for (var length = _random.Next(60); length > 0; length--) _bytes.Add((byte)_random.Next(256));
    }

    private void CutOff(int from)
    {
        var kept = from + _random.Next(_bytes.Count - from);
        _bytes.RemoveRange(kept, _bytes.Count - kept);
    }

    private void Mutate(int from)
    {
        for (var changes = 1 + _random.Next(4); changes > 0 && _bytes.Count > from; changes--)
        {
            var at = from + _random.Next(_bytes.Count - from);
            var value = _random.Next(2) == 0 ? (byte)ProtocolBytes[_random.Next(ProtocolBytes.Length)] : (byte)_random.Next(256);
            if (_random.Next(3) == 0) _bytes.RemoveAt(at);
            else if (_random.Next(2) == 0) _bytes.Insert(at, value);
            else _bytes[at] = value;
        }
    }

    private void Add(string text)
    {
        foreach (var letter in text) _bytes.Add((byte)letter);
    }
}
