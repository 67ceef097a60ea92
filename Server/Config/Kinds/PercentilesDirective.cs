namespace KestrelFree.Server.Config.Kinds;

/// <summary>The percentiles of command latencies that INFO prints; empty text is none.</summary>
internal sealed class PercentilesDirective(string name, params double[] defaults) : Directive(name)
{
    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaults;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments is [""]) arguments = [];
        var percentiles = new double[arguments.Length];
        for (var i = 0; i < percentiles.Length; i++)
        {
            if (!ConfNumbers.TryParseDouble(arguments[i], out percentiles[i]))
                return assignment.Refuse("Invalid latency-tracking-info-percentiles parameters");
            if (percentiles[i] is > 100 or < 0)
                return assignment.Refuse("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
        }

        assignment.Values.Objects[Slot] = percentiles;
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values) =>
        string.Join(' ', ((double[])values.Objects[Slot]!).Select(ConfNumbers.FormatDouble));

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var percentiles = Format(values);
        lines.Write(Name, percentiles.Length > 0 ? percentiles : "\"\"", LineNeed.Always);
    }
}
