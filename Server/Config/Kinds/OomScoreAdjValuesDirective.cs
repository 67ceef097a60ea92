namespace KestrelFree.Server.Config.Kinds;

/// <summary>The out-of-memory scores of a master, of a replica and of what saves in the background.</summary>
internal sealed class OomScoreAdjValuesDirective(string name, params int[] defaults) : Directive(name)
{
    private const int Limit = 2000;

    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaults;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != defaults.Length) return assignment.Refuse("wrong number of arguments");
        var scores = new int[defaults.Length];
        for (var i = 0; i < scores.Length; i++)
        {
            if (!ConfNumbers.TryParseLenient(arguments[i], 10, out var score, out _) || score is < -Limit or > Limit)
                return assignment.Refuse("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
            scores[i] = (int)score;
        }

        if (scores[1] < scores[0] || scores[2] < scores[1])
        {
            assignment.Warning = "The oom-score-adj-values configuration may not work for non-privileged processes! " +
                "Please consult the documentation.";
        }

        var changed = !scores.AsSpan().SequenceEqual((int[])assignment.Values.Objects[Slot]!);
        assignment.Values.Objects[Slot] = scores;
        return changed ? AssignResult.Changed : AssignResult.Unchanged;
    }

    public override string Format(ConfigValues values) => string.Join(' ', (int[])values.Objects[Slot]!);

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var isDefault = defaults.AsSpan().SequenceEqual((int[])values.Objects[Slot]!);
        lines.Write(Name, Format(values), isDefault ? LineNeed.IfMentioned : LineNeed.Always);
    }
}
