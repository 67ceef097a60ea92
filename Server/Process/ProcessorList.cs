using System.Globalization;

namespace KestrelFree.Server.Hosting;

// What server_cpulist and its like are written as, in the words of taskset: single processors, ranges, and every n-th of a range.
//
//     0,2-5,8-14:2        0 2 3 4 5 8 10 12 14

/// <summary>A set of processors, by number.</summary>
internal sealed class ProcessorList
{
    /// <summary>How many processors Linux tells apart in a mask of the usual size.</summary>
    internal const int Most = 1024;

    private const int BitsPerWord = 64;

    private readonly ulong[] _words = new ulong[Most / BitsPerWord];

    private ProcessorList()
    {
    }

    /// <summary>A bit for each processor, the lowest first.</summary>
    internal ReadOnlySpan<ulong> Mask => _words;

    /// <summary>Reads a list; null if it is none. O(n) for n processors named.</summary>
    internal static ProcessorList? Parse(string text)
    {
        var list = new ProcessorList();
        return text.Split(',').All(list.TryAdd) ? list : null;
    }

    private bool TryAdd(string part)
    {
        var ends = part.Split('-', 2);
        var last = ends[^1].Split(':', 2);
        if (!TryNumber(ends[0], out var from)) return false;
        var to = from;
        var step = 1;
        if (ends.Length == 2 && !TryNumber(last[0], out to)) return false;
        if (ends.Length == 2 && last.Length == 2 && !TryNumber(last[1], out step)) return false;
        if (from > to || step == 0) return false;
        for (var at = from; at <= to; at += step) _words[at / BitsPerWord] |= 1UL << (at % BitsPerWord);
        return true;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Most;
}
