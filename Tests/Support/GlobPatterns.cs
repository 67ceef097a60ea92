namespace KestrelFree.Tests.Support;

/// <summary>Random patterns and texts over few letters, so that many match: stars, brackets, escapes, and ones that are not closed.</summary>
internal static class GlobPatterns
{
    private static readonly string[] Parts =
        ["a", "b", "c", "A", "-", "^", "]", "?", "*", "*", "[ab]", "[^a]", "[a-c]", "[c-a]", "[^]", "[]", "[a\\]b]", "\\a", "\\*", "\\", "[", "[a", "[a-", "[^", "\xff", "[\x80-\x7f]", "\0"];

    private static readonly char[] Letters = ['a', 'b', 'c', 'A', '-', '^', ']', '[', '*', '\\', '\xff', '\x80', '\0'];

    /// <summary>A pattern of up to eight parts.</summary>
    public static string Random(Random random) => string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => Parts[random.Next(Parts.Length)]));

    /// <summary>A text of up to eight letters.</summary>
    public static string RandomText(Random random) => string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => Letters[random.Next(random.Next(3, Letters.Length))]));
}
