namespace KestrelFree.Tests.Oracle;

/// <summary>Decides whether two servers said the same.</summary>
internal static class Comparison
{
    /// <summary>The first exchange in which they differ without a reason that has a name, or null; counts into the tally.</summary>
    public static Mismatch? FirstMismatch(IReadOnlyList<Exchange> exchanges, Tally tally)
    {
        foreach (var exchange in exchanges)
        {
            tally.Compared++;
            if (exchange.Theirs == exchange.Ours) continue;

            var (theirs, ours) = Normalisations.Apply(exchange, tally);
            if (theirs == ours) continue;

            if (KnownDifferences.Find(exchange) is not { } known) return new Mismatch(exchange.Request, theirs, ours);

            tally.Differed(known.Name);
        }

        return null;
    }
}

/// <summary>A request that the two servers answered differently, with both answers as text after normalisation.</summary>
internal sealed record Mismatch(IReadOnlyList<string> Request, string Theirs, string Ours)
{
    public override string ToString() => $"{Script.Line(Request)}\n--- oracle\n{Cut(Theirs)}\n--- ours\n{Cut(Ours)}";

    private static string Cut(string text) => text.Length <= 1500 ? text : $"{text[..1500]}... ({text.Length} chars)";
}
