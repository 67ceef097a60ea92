namespace KestrelFree.Server.Config.Kinds;

/// <summary>Save after so many seconds if at least so many changes were made.</summary>
internal readonly record struct SavePoint(long Seconds, int Changes);

/// <summary>The save points: pairs of seconds and changes, over several lines if wanted; empty text turns saving off.</summary>
internal sealed class SaveDirective(string name, params SavePoint[] defaultPoints) : Directive(name)
{
    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaultPoints;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        var turnOff = arguments is [""];
        if (turnOff) arguments = [];
        if (!TryParse(arguments, out var points)) return assignment.Refuse("Invalid save parameters");
        var appends = assignment.Origin == AssignmentOrigin.FurtherStatement && !turnOff;
        assignment.Values.Objects[Slot] = appends ? [.. (SavePoint[])assignment.Values.Objects[Slot]!, .. points] : points;
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values) =>
        string.Join(' ', ((SavePoint[])values.Objects[Slot]!).Select(p => $"{p.Seconds} {p.Changes}"));

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var points = (SavePoint[])values.Objects[Slot]!;
        if (points.Length == 0) lines.Write(Name, "\"\"", LineNeed.Always);
        foreach (var point in points)
            lines.Write(Name, $"{point.Seconds} {point.Changes}", LineNeed.Always);
    }

    private static bool TryParse(ReadOnlySpan<string> arguments, out SavePoint[] points)
    {
        points = new SavePoint[arguments.Length / 2];
        if (arguments.Length % 2 != 0) return false;
        for (var i = 0; i < points.Length; i++)
        {
            if (!ConfNumbers.TryParseLenient(arguments[2 * i], 10, out var seconds, out _) || seconds < 1) return false;
            if (!ConfNumbers.TryParseLenient(arguments[(2 * i) + 1], 10, out var changes, out _) || changes < 0)
                return false;
            points[i] = new SavePoint(seconds, unchecked((int)changes));
        }

        return true;
    }
}
