using System.Text;

namespace KestrelFree.Server.Introspection;

// The samples of an event as columns of characters, four rows high, each with its age written downwards beneath it:
//
//     command - high 500 ms, low 101 ms (all time high 500 ms)
//     --------------------------------------------------------------------------------
//        #
//      _|
//     o||
//     |||
//     (a blank row)
//     321
//     sss
//
// A row has three steps, drawn _, o and #; what is above a row fills it with a |. After 80 columns a new block of rows begins.

/// <summary>Draws LATENCY GRAPH.</summary>
internal static class LatencyGraph
{
    private const int Columns = 80;
    private const int Rows = 4;
    private const string Steps = "_o#";

    /// <summary>Draws the samples of an event.</summary>
    internal static string Draw(string what, LatencySeries series, long nowSeconds)
    {
        var samples = series.Samples.ToArray();
        var low = samples.Min(sample => sample.Milliseconds);
        var high = samples.Max(sample => sample.Milliseconds);
        var text = new StringBuilder();
        text.Append($"{what} - high {high} ms, low {low} ms (all time high {series.MaxMs} ms)\n").Append('-', Columns).Append('\n');
        var isFirst = true;
        foreach (var block in samples.Chunk(Columns))
        {
            if (!isFirst) text.Append('\n');
            isFirst = false;
            DrawBars(text, block, low, high);
            text.Append(' ', block.Length).Append('\n');
            DrawLabels(text, [.. block.Select(sample => Age(nowSeconds - sample.UnixSeconds))]);
        }

        return text.ToString();
    }

    private static void DrawBars(StringBuilder text, LatencySample[] block, long low, long high)
    {
        var steps = Steps.Length * Rows;
        var range = Math.Max(1, high - low);
        for (var row = Rows - 1; row >= 0; row--)
        {
            foreach (var sample in block)
            {
                var step = Math.Clamp((sample.Milliseconds - low) * steps / range, 0, steps - 1) - row * Steps.Length;
                text.Append(step < 0 ? ' ' : step < Steps.Length ? Steps[(int)step] : '|');
            }

            text.Append('\n');
        }
    }

    private static void DrawLabels(StringBuilder text, string[] labels)
    {
        var longest = labels.Max(label => label.Length);
        for (var row = 0; row < longest; row++)
        {
            foreach (var label in labels) text.Append(row < label.Length ? label[row] : ' ');
            text.Append('\n');
        }
    }

    private static string Age(long seconds) => seconds switch
    {
        < 60 => $"{seconds}s",
        < 3600 => $"{seconds / 60}m",
        < 86400 => $"{seconds / 3600}h",
        _ => $"{seconds / 86400}d",
    };
}
