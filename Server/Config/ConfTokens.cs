using System.Text;

namespace KestrelFree.Server.Config;

// The quoting rules of redis.conf, of its command line and of the inline protocol:
//
//   plain        ends at a blank; a quote inside it opens a quoted part that ends the token
//   "double"     \n \r \t \b \a, \xHH, and a backslash before any other character stands for that character
//   'single'     only \' is special
//
// A closing quote must be followed by a blank or the end of the line, and an unclosed quote makes the whole line invalid:
// a line is taken entirely or not at all. An empty line is a valid line of no tokens.

/// <summary>Splits a configuration line into its arguments.</summary>
internal ref struct ConfTokens
{
    private readonly ReadOnlySpan<char> _line;
    private readonly StringBuilder _token = new();
    private int _at;

    private ConfTokens(ReadOnlySpan<char> line) => _line = line;

    private enum Quoting
    {
        Plain,
        Single,
        Double,
    }

    /// <summary>Splits a line; null when its quotes are unbalanced. O(n).</summary>
    public static string[]? Split(ReadOnlySpan<char> line)
    {
        var tokens = new List<string>();
        var reader = new ConfTokens(line);
        while (reader.SkipBlanks())
        {
            if (!reader.ReadToken())
                return null;
            tokens.Add(reader._token.ToString());
        }

        return [.. tokens];
    }

    private static bool IsBlank(char c) => c is ' ' or (>= '\t' and <= '\r');

    private bool SkipBlanks()
    {
        while (_at < _line.Length && IsBlank(_line[_at]))
            _at++;
        return _at < _line.Length;
    }

    private bool ReadToken()
    {
        _token.Clear();
        var quoting = Quoting.Plain;
        for (; _at < _line.Length; _at++)
        {
            char c = _line[_at];
            if (quoting == Quoting.Plain)
            {
                if (c is ' ' or '\n' or '\r' or '\t' or '\0')
                {
                    _at++;
                    return true;
                }

                quoting = TakePlain(c);
            }
            else if (c == (quoting == Quoting.Double ? '"' : '\''))
            {
                return CloseQuote();
            }
            else if (quoting == Quoting.Double)
            {
                TakeDoubleQuoted();
            }
            else
            {
                TakeSingleQuoted();
            }
        }

        return quoting == Quoting.Plain;
    }

    private readonly Quoting TakePlain(char c)
    {
        if (c == '"')
            return Quoting.Double;
        if (c == '\'')
            return Quoting.Single;
        _token.Append(c);
        return Quoting.Plain;
    }

    private bool CloseQuote()
    {
        _at++;
        if (_at < _line.Length && !IsBlank(_line[_at]))
            return false;
        _at++;
        return true;
    }

    private void TakeDoubleQuoted()
    {
        ReadOnlySpan<char> rest = _line[_at..];
        if (rest.Length >= 4 && rest[0] == '\\' && rest[1] == 'x' && char.IsAsciiHexDigit(rest[2]) && char.IsAsciiHexDigit(rest[3]))
        {
            _token.Append((char)((Hex(rest[2]) << 4) | Hex(rest[3])));
            _at += 3;
        }
        else if (rest.Length >= 2 && rest[0] == '\\')
        {
            _at++;
            _token.Append(Unescape(rest[1]));
        }
        else
        {
            _token.Append(rest[0]);
        }
    }

    private void TakeSingleQuoted()
    {
        if (_line[_at] == '\\' && _at + 1 < _line.Length && _line[_at + 1] == '\'')
            _at++;
        _token.Append(_line[_at]);
    }

    private static char Unescape(char c) => c switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\b',
        'a' => '\a',
        _ => c,
    };

    private static int Hex(char c) => char.IsAsciiDigit(c) ? c - '0' : char.ToLowerInvariant(c) - 'a' + 10;
}
