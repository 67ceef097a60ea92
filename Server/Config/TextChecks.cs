using System.Buffers;

namespace KestrelFree.Server.Config;

/// <summary>What certain texts must look like; each check gives the reason to refuse a text, or null.</summary>
internal static class TextChecks
{
    private const int LongestHostname = 255;

    private static readonly string[] TitleVariables =
        ["title", "listen-addr", "server-mode", "config-file", "port", "tls-port", "unixsocket"];

    private static readonly SearchValues<char> HostnameCharacters =
        SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> LocaleCharacters =
        SearchValues.Create("-.@_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> NodesConfPunctuation = SearchValues.Create("!#$%&()*+:;<>?@[]^{|}~");

    /// <summary>The snapshot's file name: no path.</summary>
    public static string? DbFilename(string text) => IsBaseName(text) ? null : "dbfilename can't be a path, just a filename";

    /// <summary>The append-only file's base name.</summary>
    public static string? AppendFilename(string text)
    {
        if (text.Length == 0) return "appendfilename can't be empty";
        return IsBaseName(text) ? null : "appendfilename can't be a path, just a filename";
    }

    /// <summary>The append-only files' directory.</summary>
    public static string? AppendDirname(string text)
    {
        if (text.Length == 0) return "appenddirname can't be empty";
        return IsBaseName(text) ? null : "appenddirname can't be a path, just a dirname";
    }

    /// <summary>A host's name as other nodes pass it on.</summary>
    public static string? Hostname(string text)
    {
        if (text.Length > LongestHostname) return "Hostnames must be less than 256 characters";
        return text.AsSpan().ContainsAnyExcept(HostnameCharacters)
            ? "Hostnames may only contain alphanumeric characters, hyphens or dots"
            : null;
    }

    /// <summary>A node's name for people: nothing that nodes.conf uses as punctuation.</summary>
    public static string? NodeName(string text) =>
        text.AsSpan().ContainsAny(NodesConfPunctuation) ? "Announced human node name contained invalid character" : null;

    /// <summary>A process title made of text and known {variables}.</summary>
    public static string? ProcTitleTemplate(string text)
    {
        const string Refusal = "template format is invalid or contains unknown variables";
        for (var open = text.IndexOf('{'); open >= 0; open = text.IndexOf('{', open))
        {
            if (open + 1 < text.Length && text[open + 1] == '{')
            {
                open += 2;
                continue;
            }

            var close = text.IndexOf('}', open);
            if (close < 0 || !TitleVariables.Contains(text[(open + 1)..close])) return Refusal;
            open = close;
        }

        return null;
    }

    /// <summary>The shape of a locale's name; whether the machine has it shows when it is used.</summary>
    public static string? Locale(string text) => text.AsSpan().ContainsAnyExcept(LocaleCharacters) ? "Invalid locale name" : null;

    private static bool IsBaseName(string text) => !text.AsSpan().ContainsAny('/', '\\');
}
