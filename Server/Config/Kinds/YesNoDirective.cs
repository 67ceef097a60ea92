namespace KestrelFree.Server.Config.Kinds;

/// <summary>A directive that is yes or no; the slot holds 1 or 0.</summary>
internal sealed class YesNoDirective(string name, Answer defaultAnswer) : Directive(name)
{
    /// <summary>Why CONFIG SET may not say yes in this build; null where it may.</summary>
    public string? LiveYesRefusal { get; init; }

    public override void Reset(ConfigValues values) => values.Numbers[Slot] = (long)defaultAnswer;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (!TryParse(arguments[0], out var answer)) return assignment.Refuse("argument must be 'yes' or 'no'");
        if (answer == Answer.Yes && LiveYesRefusal is not null && assignment.Origin == AssignmentOrigin.ConfigSet)
            return assignment.Refuse(LiveYesRefusal);
        return Take(assignment.Values, (long)answer);
    }

    public override string Format(ConfigValues values) => values.Numbers[Slot] != 0 ? "yes" : "no";

    public override void Rewrite(ConfigValues values, RewriteLines lines) =>
        lines.Write(Name, Format(values), values.Numbers[Slot] != (long)defaultAnswer ? LineNeed.Always : LineNeed.IfMentioned);

    private static bool TryParse(string text, out Answer answer)
    {
        answer = text.Equals("yes", StringComparison.OrdinalIgnoreCase) ? Answer.Yes : Answer.No;
        return answer == Answer.Yes || text.Equals("no", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>The two answers to a yes/no directive, with their stored values.</summary>
internal enum Answer
{
    /// <summary>Stored as 0.</summary>
    No = 0,

    /// <summary>Stored as 1.</summary>
    Yes = 1,
}
