using KestrelFree.Server.Commands;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>The sort of a part: what belongs there is there, whatever the input.</summary>
internal sealed class PartialSortTests
{
    [Test]
    public void A_part_holds_what_a_sort_would_put_there([Values(1, 6, 7, 8, 40, 41, 1000)] int length, [Values(1, 3, 1_000_000)] int distinct, [Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        int[] items = [.. Enumerable.Range(0, length).Select(_ => random.Next(distinct))];
        int[] sorted = [.. items.Order()];
        var first = random.Next(length);
        var last = random.Next(first, length);

        PartialSort.Sort(items.AsSpan(), first, last, Comparer<int>.Default);

        Assert.That(items[first..(last + 1)], Is.EqualTo(sorted[first..(last + 1)]), $"seed {seed}");
        Assert.That(items.Order(), Is.EqualTo(sorted), $"seed {seed}");
    }

    [Test]
    public void What_is_made_against_its_choice_of_pivots_takes_no_quadratic_time()
    {
        const int length = 20_000;
        var adversary = new Adversary(length);
        int[] items = [.. Enumerable.Range(0, length)];

        PartialSort.Sort(items.AsSpan(), 0, length - 1, adversary);

        Assert.That(adversary.Comparisons, Is.LessThan(200L * length));
    }

    // McIlroy's "killer adversary for quicksort": decides only when it is asked, and then so that the pivot is as bad as it can be.
    private sealed class Adversary(int length) : IComparer<int>
    {
        private readonly int[] _ranks = [.. Enumerable.Repeat(length, length)];
        private int _solid;
        private int _candidate;

        public long Comparisons { get; private set; }

        public int Compare(int x, int y)
        {
            Comparisons++;
            if (_ranks[x] == length && _ranks[y] == length) _ranks[x == _candidate ? x : y] = _solid++;
            if (_ranks[x] == length) _candidate = x;
            else if (_ranks[y] == length) _candidate = y;
            return _ranks[x].CompareTo(_ranks[y]);
        }
    }
}
