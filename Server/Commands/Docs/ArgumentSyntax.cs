namespace KestrelFree.Server.Commands.Docs;

// Reads the one-line syntax of command-docs.txt, whose head describes it, by recursive descent:
//
//     sequence := item { ' ' item }
//     item     := '[' body ']' | body
//     body     := [ token ' ' ] name [ ':' type ] [ '#' spec ] [ '(' item { ' | ' item } ')' | '{' sequence '}' ] tail | token tail
//     tail     := [ '~' text ] [ '...' [ 'each' ] ] [ ' @' version ] [ ' -' version ]
//
// A word in upper case is a token unless a ':' follows; a quoted one always is. A name right behind a token belongs to it: that no command has
// a lone mandatory token followed by an independent argument is what makes the notation short.

/// <summary>Parses the syntax of one command.</summary>
internal ref struct ArgumentSyntax
{
    private readonly string _text;
    private int _at;

    private ArgumentSyntax(string text) => _text = text;

    private readonly char Next => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>The arguments that a line describes; throws <see cref="FormatException"/> when it does not follow the grammar.</summary>
    internal static IReadOnlyList<CommandArgument> Parse(string line)
    {
        var syntax = new ArgumentSyntax(line.Trim());
        if (syntax._text.Length == 0) return [];
        var arguments = syntax.Sequence(" ");
        return syntax.Next == '\0' ? arguments : throw syntax.Fault("the end");
    }

    private List<CommandArgument> Sequence(string separator)
    {
        var arguments = new List<CommandArgument> { Item() };
        while (TryTake(separator)) arguments.Add(Item());
        return arguments;
    }

    private CommandArgument Item()
    {
        if (!TryTake("[")) return Body();
        var body = Body();
        Expect("]");
        return body with { Flags = body.Flags | ArgumentFlags.Optional };
    }

    private CommandArgument Body()
    {
        var token = Token();
        if (token is null) return Tail(Named(null));
        if (Next != ' ' || !NameFollows(_at + 1)) return Tail(new CommandArgument(token.ToLowerInvariant()) { Type = ArgumentType.PureToken, Token = token });
        _at++;
        return Tail(Named(token));
    }

    private string? Token()
    {
        if (Next == '\'') return Quoted();
        var end = EndOfWord(_at);
        if (end == _at) throw Fault("a word");
        if (IsName(_at, end)) return null;
        var token = _text[_at..end];
        _at = end;
        return token;
    }

    private CommandArgument Named(string? token)
    {
        var name = Word();
        var type = TryTake(":") ? TypeOf(Word()) : ArgumentType.String;
        int? spec = null;
        if (TryTake("#"))
        {
            spec = int.Parse(Word(), System.Globalization.CultureInfo.InvariantCulture);
            if (type == ArgumentType.String) type = ArgumentType.Key;
        }

        IReadOnlyList<CommandArgument> inner = [];
        if (TryTake("(")) (type, inner) = (ArgumentType.OneOf, Closed(" | ", ")"));
        else if (TryTake("{")) (type, inner) = (ArgumentType.Block, Closed(" ", "}"));
        return new CommandArgument(name) { Type = type, Token = token, KeySpecIndex = spec, Arguments = inner };
    }

    private List<CommandArgument> Closed(string separator, string end)
    {
        var arguments = Sequence(separator);
        Expect(end);
        return arguments;
    }

    private CommandArgument Tail(CommandArgument argument)
    {
        var shown = argument.Type is ArgumentType.OneOf or ArgumentType.Block ? null : argument.Name;
        if (TryTake("~")) shown = Next == '\'' ? Quoted() : Word();
        var flags = TryTake("...") ? ArgumentFlags.Multiple : ArgumentFlags.None;
        if (flags != ArgumentFlags.None && TryTake("each")) flags |= ArgumentFlags.MultipleToken;
        return argument with
        {
            DisplayText = shown,
            Flags = flags,
            Since = TryTake(" @") ? Version() : null,
            DeprecatedSince = TryTake(" -") ? Version() : null,
        };
    }

    private static ArgumentType TypeOf(string word) => word switch
    {
        "string" => ArgumentType.String,
        "integer" => ArgumentType.Integer,
        "double" => ArgumentType.Double,
        "key" => ArgumentType.Key,
        "pattern" => ArgumentType.Pattern,
        "unix-time" => ArgumentType.UnixTime,
        "token" => ArgumentType.PureToken,
        _ => throw new FormatException($"no argument type {word}"),
    };

    private readonly bool NameFollows(int at) => IsName(at, EndOfWord(at));

    // A lower-case letter makes a name; so does a type behind it.
    private readonly bool IsName(int begin, int end) =>
        end > begin && (_text[begin..end].Any(char.IsAsciiLetterLower) || (end < _text.Length && _text[end] == ':'));

    private readonly int EndOfWord(int at)
    {
        while (at < _text.Length && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] is '-' or '_')) at++;
        return at;
    }

    private string Word()
    {
        var end = EndOfWord(_at);
        if (end == _at) throw Fault("a word");
        var word = _text[_at..end];
        _at = end;
        return word;
    }

    private string Version()
    {
        var begin = _at;
        while (char.IsAsciiDigit(Next) || Next == '.') _at++;
        return _text[begin.._at];
    }

    private string Quoted()
    {
        var end = _text.IndexOf('\'', _at + 1);
        if (end < 0) throw Fault("a closing quote");
        var text = _text[(_at + 1)..end];
        _at = end + 1;
        return text;
    }

    private bool TryTake(string text)
    {
        if (string.CompareOrdinal(_text, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    private void Expect(string text)
    {
        if (!TryTake(text)) throw Fault(text);
    }

    private readonly FormatException Fault(string expected) => new($"expected {expected} at {_at} of: {_text}");
}
