namespace KestrelFree.Server.Config.Kinds;

/// <summary>What empty text means to a directive.</summary>
internal enum EmptyText
{
    /// <summary>The directive is not set at all: CONFIG REWRITE leaves it out.</summary>
    IsUnset,

    /// <summary>A value like any other.</summary>
    IsValue,
}

/// <summary>A directive that is text; the slot holds <see cref="ByteText"/> or null when unset.</summary>
internal sealed class TextDirective(string name, EmptyText empty, string? defaultText) : Directive(name)
{
    /// <summary>Checks a value: the reason to refuse it, or null.</summary>
    public Func<string, string?>? Refusal { get; init; }

    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaultText;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        var text = arguments[0];
        if (Refusal?.Invoke(text) is { } refusal) return assignment.Refuse(refusal);
        if (text.Length == 0 && empty == EmptyText.IsUnset) text = null;
        var changed = !string.Equals((string?)assignment.Values.Objects[Slot], text, StringComparison.Ordinal);
        assignment.Values.Objects[Slot] = text;
        return changed || Has(DirectiveFlags.Volatile) ? AssignResult.Changed : AssignResult.Unchanged;
    }

    public override string Format(ConfigValues values) => (string?)values.Objects[Slot] ?? "";

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var text = (string?)values.Objects[Slot];
        if (text is null) lines.Done(Name);
        else lines.Write(Name, ByteText.Quote(text), text != defaultText ? LineNeed.Always : LineNeed.IfMentioned);
    }
}
