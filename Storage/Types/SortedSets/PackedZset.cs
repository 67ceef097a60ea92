using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

// A small sorted set, as a listpack:
//
//     member score  member score ...         by score, then by member
//
// A score without a fraction, up to 2^62, is an integer; any other is the shortest text that reads back. That makes 0 of -0, as in Redis since 7.2.
//
// Ranks are counted, not kept: the limits on packed values keep that short.

/// <summary>Reads and edits the listpack of a sorted set, wherever it lives. All O(bytes).</summary>
internal static class PackedZset
{
    private const double MaxInteger = long.MaxValue / 2;

    /// <summary>The number of members.</summary>
    public static int Count(ReadOnlySpan<byte> listpack) => Listpack.Count(listpack) / 2;

    /// <summary>The offset of a member, or None.</summary>
    public static int Find(ReadOnlySpan<byte> listpack, ReadOnlySpan<byte> member) => Listpack.Find(listpack, member, skip: 1);

    /// <summary>The score of the member at an offset.</summary>
    public static double ScoreOf(ReadOnlySpan<byte> listpack, int member)
    {
        ListpackValue score = Listpack.Get(listpack, Listpack.After(listpack, member));
        if (score.IsInteger) return score.Integer;
        bool isNumber = Numbers.TryParseDouble(score.Bytes, out double value);
        return isNumber ? value : 0;
    }

    /// <summary>How many members lie before a bound.</summary>
    public static int CountBefore(ReadOnlySpan<byte> listpack, scoped in ScoreBound bound)
    {
        FindPlace(listpack, bound, out int rank);
        return rank;
    }

    /// <summary>Adds a member that is not there.</summary>
    public static void Add<T>(ref T target, scoped ReadOnlySpan<byte> member, double score)
        where T : IPackedBytes, allows ref struct
    {
        int offset = FindPlace(target.Bytes, ScoreBound.Before(score, member), out _);
        Span<byte> text = stackalloc byte[Numbers.MaxDoubleBytes];
        ListpackEdits.InsertBefore(ref target, offset, member, ElementOf(score, text));
    }

    /// <summary>Takes the member at an offset away.</summary>
    public static void Delete<T>(ref T target, int member)
        where T : IPackedBytes, allows ref struct => ListpackEdits.Delete(ref target, member, 2);

    /// <summary>Takes so many members away, from a rank on.</summary>
    public static void DeleteRange<T>(ref T target, long rank, long count)
        where T : IPackedBytes, allows ref struct => ListpackEdits.DeleteRange(ref target, rank * 2, count * 2);

    /// <summary>Puts a member behind all others, where its score puts it.</summary>
    public static void Append<T>(ref T target, scoped ReadOnlySpan<byte> member, double score)
        where T : IPackedBytes, allows ref struct
    {
        Span<byte> text = stackalloc byte[Numbers.MaxDoubleBytes];
        ListpackEdits.Append(ref target, member, ElementOf(score, text));
    }

    private static ListpackValue ElementOf(double score, Span<byte> text)
    {
        if (Math.Abs(score) <= MaxInteger && (long)score == score) return (long)score;
        return text[..Numbers.FormatDouble(text, score)];
    }

    private static int AfterScore(ReadOnlySpan<byte> listpack, int member) => Listpack.After(listpack, Listpack.After(listpack, member));

    // The offset of the first member that does not lie before the bound, or the end, and its rank.
    private static int FindPlace(ReadOnlySpan<byte> listpack, scoped in ScoreBound bound, out int rank)
    {
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        int end = Listpack.EndOffset(listpack);
        int at = Listpack.HeaderBytes;
        for (rank = 0; at != end; rank++)
        {
            double score = bound.IgnoresScores ? 0 : ScoreOf(listpack, at);
            bool isTie = bound.IgnoresScores || score == bound.Score;
            if (isTie ? !bound.IsAbove(Listpack.Get(listpack, at).GetText(scratch)) : score > bound.Score) break;
            at = AfterScore(listpack, at);
        }

        return at;
    }
}
