namespace KestrelFree.Server.Config.Kinds;

/// <summary>A word that a choice accepts and the value that it stands for.</summary>
internal readonly record struct ChoiceName(string Word, long Value);

/// <summary>
/// A directive that is one of a few words or, with <see cref="DirectiveFlags.MultiArgument"/>, a set of them whose values are bits.
/// </summary>
internal sealed class ChoiceDirective(string name, ChoiceName[] choices, long defaultValue) : Directive(name)
{
    /// <summary>Refuses a set of words that contradict each other: gives the reason or null.</summary>
    public Func<long, string?>? Contradiction { get; init; }

    public override void Reset(ConfigValues values) => values.Numbers[Slot] = defaultValue;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (!TryParse(arguments, out var value))
            return assignment.Refuse("argument(s) must be one of the following: " + string.Join(", ", choices.Select(c => c.Word)));
        if (Contradiction?.Invoke(value) is { } contradiction) return assignment.Refuse(contradiction);
        return Take(assignment.Values, value);
    }

    /// <summary>The first word that stands for exactly the value, else the words of its bits in the table's order.</summary>
    public override string Format(ConfigValues values)
    {
        var value = values.Numbers[Slot];
        foreach (var choice in choices)
        {
            if (choice.Value == value) return choice.Word;
        }

        return string.Join(' ', choices.Where(c => c.Value != 0 && (value & c.Value) == c.Value).Select(c => c.Word));
    }

    public override void Rewrite(ConfigValues values, RewriteLines lines) =>
        lines.Write(Name, Format(values), values.Numbers[Slot] != defaultValue ? LineNeed.Always : LineNeed.IfMentioned);

    private bool TryParse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        foreach (var word in words)
        {
            if (!TryFind(word, out var one)) return false;
            value |= one;
        }

        return words.Length > 0 && (words.Length == 1 || Has(DirectiveFlags.MultiArgument));
    }

    private bool TryFind(string word, out long value)
    {
        foreach (var choice in choices)
        {
            value = choice.Value;
            if (choice.Word.Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
        }

        value = 0;
        return false;
    }
}
