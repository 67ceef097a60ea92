namespace KestrelFree.Tests.Oracle;

/// <summary>Counts what a comparison did, so that the test can print it: what was skipped, normalised, or known to differ.</summary>
internal sealed class Tally
{
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>The number of replies that were compared.</summary>
    public int Compared { get; set; }

    /// <summary>Counts one use of a normalisation.</summary>
    public void Normalised(string name) => Count($"normalised: {name}");

    /// <summary>Counts one known difference.</summary>
    public void Differed(string name) => Count($"known difference: {name}");

    /// <summary>Counts something left out.</summary>
    public void Skip(string what) => Count($"skipped: {what}");

    public override string ToString() =>
        $"{Compared} replies compared\n" + string.Concat(_counts.Select(entry => $"  {entry.Value,6} x {entry.Key}\n"));

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;
}
