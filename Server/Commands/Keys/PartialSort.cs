using System.Numerics;

namespace KestrelFree.Server.Commands;

// Sorts as much of a span as a range of it needs: what SORT with LIMIT asks for. It is the quicksort of Bentley and McIlroy ("Engineering a sort
// function", Software: Practice and Experience 23, 1993), left out where a part lies wholly outside the range:
//
//     n > 40      the pivot is the median of three medians of three, n > 7 of the ends and the middle, n = 7 the middle
//     partition   [ = | < | ? | > | = ]: what equals the pivot gathers at both ends and is then swapped to the middle
//     n < 7       insertion
//
// This sort does not keep the order of what is equal, and no reply may depend on that; but Redis sorts in the same way, so with the same choice of
// pivots replies are the same, element for element. A selection of our own would be as fast and answer differently.
//
// Chosen inputs can make any such sort quadratic and deep. So beyond a depth that chance does not reach a part is sorted whole, in O(n log n).

/// <summary>Sorts a part of a span.</summary>
internal static class PartialSort
{
    private const int InsertionItems = 7;
    private const int NintherItems = 40;
    private const int LevelsPerBit = 4;

    /// <summary>
    /// Reorders the items so that those from <paramref name="first"/> to <paramref name="last"/>, both included, are what a sort would put there.
    /// O(n + m log m) on average for m items in the range.
    /// </summary>
    internal static void Sort<T, TComparer>(Span<T> items, int first, int last, TComparer comparer)
        where TComparer : IComparer<T> =>
        Sort(items, first, last, comparer, LevelsPerBit * (BitOperations.Log2((uint)items.Length | 1) + 1));

    private static void Sort<T, TComparer>(Span<T> items, int first, int last, TComparer comparer, int levels)
        where TComparer : IComparer<T>
    {
        while (items.Length >= InsertionItems)
        {
            if (levels-- == 0)
            {
                items.Sort(comparer);
                return;
            }

            var (less, greater) = Partition(items, comparer);
            if (less > 1 && first < less && last >= 0) Sort(items[..less], first, last, comparer, levels);
            var offset = items.Length - greater;
            if (greater <= 1 || last < offset || first >= items.Length) return;
            items = items[offset..];
            first -= offset;
            last -= offset;
        }

        Insert(items, comparer);
    }

    private static void Insert<T, TComparer>(Span<T> items, TComparer comparer)
        where TComparer : IComparer<T>
    {
        for (var next = 1; next < items.Length; next++)
        {
            for (var at = next; at > 0 && comparer.Compare(items[at - 1], items[at]) > 0; at--) Swap(items, at, at - 1);
        }
    }

    // How many are less than the pivot, and then stand in front, and how many are greater, and then stand behind.
    private static (int Less, int Greater) Partition<T, TComparer>(Span<T> items, TComparer comparer)
        where TComparer : IComparer<T>
    {
        Swap(items, 0, PivotOf(items, comparer));
        int equalFront = 1, low = 1;
        int high = items.Length - 1, equalBack = high;
        while (true)
        {
            for (; low <= high && comparer.Compare(items[low], items[0]) is <= 0 and var order; low++)
            {
                if (order == 0) Swap(items, equalFront++, low);
            }

            for (; low <= high && comparer.Compare(items[high], items[0]) is >= 0 and var order; high--)
            {
                if (order == 0) Swap(items, equalBack--, high);
            }

            if (low > high) break;
            Swap(items, low++, high--);
        }

        var less = low - equalFront;
        var greater = equalBack - high;
        SwapRanges(items, 0, low - Math.Min(equalFront, less), Math.Min(equalFront, less));
        var behind = Math.Min(greater, items.Length - 1 - equalBack);
        SwapRanges(items, low, items.Length - behind, behind);
        return (less, greater);
    }

    private static int PivotOf<T, TComparer>(Span<T> items, TComparer comparer)
        where TComparer : IComparer<T>
    {
        var middle = items.Length / 2;
        if (items.Length == InsertionItems) return middle;
        int first = 0, last = items.Length - 1;
        if (items.Length > NintherItems)
        {
            var step = items.Length / 8;
            first = MedianOf(items, first, first + step, first + (2 * step), comparer);
            middle = MedianOf(items, middle - step, middle, middle + step, comparer);
            last = MedianOf(items, last - (2 * step), last - step, last, comparer);
        }

        return MedianOf(items, first, middle, last, comparer);
    }

    private static int MedianOf<T, TComparer>(Span<T> items, int a, int b, int c, TComparer comparer)
        where TComparer : IComparer<T>
    {
        var areAscending = comparer.Compare(items[a], items[b]) < 0;
        var order = comparer.Compare(items[b], items[c]);
        if (areAscending ? order < 0 : order > 0) return b;
        var isBelowLast = comparer.Compare(items[a], items[c]) < 0;
        return areAscending == isBelowLast ? c : a;
    }

    private static void SwapRanges<T>(Span<T> items, int first, int second, int count)
    {
        for (var i = 0; i < count; i++) Swap(items, first + i, second + i);
    }

    private static void Swap<T>(Span<T> items, int first, int second) => (items[first], items[second]) = (items[second], items[first]);
}
