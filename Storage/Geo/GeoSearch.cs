namespace KestrelFree.Storage;

/// <summary>An element of a sorted set of positions that lies in an area.</summary>
/// <param name="Rank">Its rank.</param>
/// <param name="Score">Its score.</param>
/// <param name="Position">What the score stands for.</param>
/// <param name="Meters">How far it is from the area's centre.</param>
public readonly record struct GeoMatch(long Rank, double Score, GeoPosition Position, double Meters);

/// <summary>In which order matches are wanted.</summary>
public enum GeoOrder
{
    /// <summary>As they are found.</summary>
    None,

    /// <summary>The nearest first.</summary>
    Ascending,

    /// <summary>The farthest first.</summary>
    Descending,
}

/// <summary>Finds the elements of sorted sets whose scores are positions in an area.</summary>
public static class GeoSearch
{
    /// <summary>
    /// All matches, or as many as are found first. O(log n + elements of at most nine cells as large as the area).
    /// </summary>
    public static List<GeoMatch> Find(ZsetRef zset, GeoShape shape, long limit)
    {
        var matches = new List<GeoMatch>();
        Span<GeoHash> cells = stackalloc GeoHash[GeoShape.MaxCells];
        foreach (GeoHash cell in cells[..shape.Cover(cells)])
        {
            if (matches.Count < limit) AddMatches(zset, cell, shape, limit, matches);
        }

        return matches;
    }

    /// <summary>Puts the first matches of an order, so many, in front in that order; equally far ones stay as they are. O(n log count).</summary>
    public static void Sort(List<GeoMatch> matches, GeoOrder order, long count)
    {
        if (order == GeoOrder.None) return;
        double sign = order == GeoOrder.Ascending ? 1 : -1;
        int wanted = (int)Math.Min(count, matches.Count);
        // A heap of those wanted, the worst of them on top.
        var best = new PriorityQueue<int, (double Distance, int Index)>(wanted, Comparer<(double Distance, int Index)>.Create(static (a, b) => b.CompareTo(a)));
        for (int i = 0; i < matches.Count; i++)
        {
            (double, int) place = (sign * matches[i].Meters, i);
            if (best.Count < wanted) best.Enqueue(i, place);
            else best.EnqueueDequeue(i, place);
        }

        var sorted = new GeoMatch[wanted];
        for (int i = wanted; best.TryDequeue(out int index, out _);)
            sorted[--i] = matches[index];
        for (int i = 0; i < wanted; i++)
            matches[i] = sorted[i];
    }

    private static void AddMatches(ZsetRef zset, GeoHash cell, GeoShape shape, long limit, List<GeoMatch> matches)
    {
        ZsetRange range = zset.RangeOf(ScoreBound.Before(cell.FirstScore), ScoreBound.Before(cell.EndScore));
        if (range.Count == 0) return;
        ZsetElements elements = zset.From(range.Start, ZsetOrder.Ascending);
        for (long i = 0; i < range.Count && matches.Count < limit; i++)
        {
            elements.MoveNext();
            GeoPosition position = GeoHash.PositionOf(elements.Score);
            if (shape.TryMeasure(position, out double meters))
                matches.Add(new GeoMatch(range.Start + i, elements.Score, position, meters));
        }
    }
}
