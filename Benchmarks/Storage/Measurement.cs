using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace KestrelFree.Benchmarks.Storage;

/// <summary>What the measurements of the keyspace have in common: their options, their keys, and how they print a figure.</summary>
internal static class Measurement
{
    /// <summary>The bytes of a key.</summary>
    public const int KeyBytes = 16;

    /// <summary>The number behind an option's name.</summary>
    public static int Option(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }

    /// <summary>Writes the key of a number.</summary>
    public static ReadOnlySpan<byte> Key(int number, Span<byte> key)
    {
        "key:"u8.CopyTo(key);
        Utf8Formatter.TryFormat(number, key[4..], out _, new StandardFormat('D', KeyBytes - 4));
        return key;
    }

    /// <summary>Prints a figure.</summary>
    public static void Print(string name, string value) => Console.WriteLine($"{name,-60}{value}");

    /// <summary>Prints a figure with one decimal.</summary>
    public static void Print(string name, double value) => Print(name, value.ToString("F1", CultureInfo.InvariantCulture));
}
