using System.Globalization;

namespace KestrelFree.Tests.Oracle;

// Where the generated arguments come from. Every pool holds the values at which replies change: numbers at the edges of
// 64 bits and just beyond, numbers that only look like numbers, strings around the lengths at which encodings change,
// keys of each kind that the prelude makes (see ScriptGenerator) and one that never exists.

/// <summary>Seeded choices for the grammar rows.</summary>
internal sealed class Draw(int seed)
{
    private static readonly string[] Keys =
        ["missing", "int", "zero", "max", "min", "float", "short", "long", "empty", "volatile", "list", "hash", "bighash", "set", "intset", "bigset", "lone", "zset", "bigzset", "stream", "", "bin\0\r\n"];

    private static readonly string[] Integers =
        ["0", "1", "-1", "2", "10", "42", "1000000", "9223372036854775807", "-9223372036854775808", "9223372036854775806", "4294967296", "-2147483649"];

    private static readonly string[] NotIntegers =
        ["", " 1", "1 ", "+1", "01", "-0", "1.0", "1e3", "abc", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "0x10", "1\0"];

    private static readonly string[] Strings =
        ["", "a", "hello world", "\0", "\r\n", "\xff\xfe\x80", "caf\xc3\xa9", new('e', 44), new('r', 45), new('m', 200), new('n', 201), new('k', 1024), new('b', 20000)];

    private static readonly string[] Junk = ["", "nx", "EX", "junk", "\0", "-1", "NOT-AN-OPTION", new('j', 150)];

    private readonly Random _random = new(seed);

    /// <summary>A number below a bound.</summary>
    public int Below(int bound) => _random.Next(bound);

    /// <summary>True in so many cases of a hundred.</summary>
    public bool Chance(int percent) => _random.Next(100) < percent;

    /// <summary>One of several.</summary>
    public T Pick<T>(params IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>A key of any kind, or one that does not exist.</summary>
    public string Key() => Pick(Keys);

    /// <summary>A number in or out of range, or something that is none.</summary>
    public string Integer() => Pick(Chance(75) ? Integers : NotIntegers);

    /// <summary>A value: number-like or not, of every length that matters.</summary>
    public string Value() => Chance(50) ? Integer() : Pick(Strings);

    /// <summary>A word that no command expects there.</summary>
    public string Odd() => Pick(Junk);

    /// <summary>Seconds from now, far ahead and never twice the same: equal ones would tie or not by when each server was asked.</summary>
    public string FarSeconds() => (100_000_000 + Below(900_000_000)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Milliseconds from now, as <see cref="FarSeconds"/>.</summary>
    public string FarMilliseconds() => FarSeconds() + "000";

    /// <summary>A word in the case given, in the other one, or mixed.</summary>
    public string Word(string word) => Below(4) switch
    {
        0 => word.ToLowerInvariant(),
        1 => string.Concat(word.Select((letter, at) => at % 2 == 0 ? char.ToUpperInvariant(letter) : char.ToLowerInvariant(letter))),
        _ => word,
    };

    /// <summary>From <paramref name="least"/> to <paramref name="most"/> items of one kind.</summary>
    public string[] Many(int least, int most, Func<string> item)
    {
        var items = new string[least + Below(most - least + 1)];
        for (var at = 0; at < items.Length; at++)
            items[at] = item();

        return items;
    }

    /// <summary>None to several groups of words, in any order, repeats included.</summary>
    public string[] Options(params Func<string[]>[] groups)
    {
        var words = new List<string>();
        for (var more = Pick(0, 1, 1, 2, 2, 3); more > 0; more--)
            words.AddRange(Pick(groups)());

        return [.. words];
    }
}
