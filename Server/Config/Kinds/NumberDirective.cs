namespace KestrelFree.Server.Config.Kinds;

/// <summary>How a number is written.</summary>
[Flags]
internal enum NumberForm
{
    /// <summary>A plain integer.</summary>
    Integer = 0,

    /// <summary>Bytes, with an optional unit.</summary>
    Memory = 1,

    /// <summary>A percentage such as 5%, stored negated.</summary>
    Percent = 2,

    /// <summary>Octal digits: file permissions.</summary>
    Octal = 4,

    /// <summary>
    /// Bytes or a share of the memory there is, such as 75%; a share is stored above <see cref="NumberDirective.Shares"/>. Redis knows none, so
    /// its complaints do not name it.
    /// </summary>
    Share = 8,
}

/// <summary>A directive that is a number within bounds.</summary>
internal sealed class NumberDirective(string name, NumberForm form, long defaultValue, long lowest, long highest) : Directive(name)
{
    /// <summary>A share of n % is stored as this and n: a number of bytes that nobody means, 2^63 and a little.</summary>
    public const long Shares = long.MinValue;

    private const long HighestShare = 100;

    /// <summary>Whether the bounds and the value are compared as unsigned 64-bit numbers.</summary>
    public NumberSign Sign { get; init; } = NumberSign.Signed;

    /// <summary>The range that accepted values are silently moved into; null for none.</summary>
    public (long Lowest, long Highest)? Clamp { get; init; }

    public override void Reset(ConfigValues values) => values.Numbers[Slot] = defaultValue;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (!TryParse(arguments[0], out var value)) return assignment.Refuse(UnreadableText);
        if (OutOfBounds(value) is { } outOfBounds) return assignment.Refuse(outOfBounds);
        if (Clamp is { } range) value = Math.Clamp(value, range.Lowest, range.Highest);
        return Take(assignment.Values, value);
    }

    public override string Format(ConfigValues values)
    {
        var value = values.Numbers[Slot];
        if (IsPercentage(value)) return $"{-value}%";
        if (IsShare(value)) return $"{value - Shares}%";
        if (form.HasFlag(NumberForm.Octal)) return Convert.ToString(value, 8);
        return form.HasFlag(NumberForm.Memory) ? $"{(ulong)value}" : $"{value}";
    }

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var value = values.Numbers[Slot];
        var asMemory = form.HasFlag(NumberForm.Memory) && !IsPercentage(value) && value >= 0;
        var text = asMemory ? ConfNumbers.FormatMemory(value) : Format(values);
        lines.Write(Name, text, value != defaultValue ? LineNeed.Always : LineNeed.IfMentioned);
    }

    private bool IsPercentage(long value) => form.HasFlag(NumberForm.Percent) && value < 0;

    private bool IsShare(long value) => form.HasFlag(NumberForm.Share) && value is > Shares and <= Shares + HighestShare;

    private bool TryParse(string text, out long value)
    {
        if (form.HasFlag(NumberForm.Memory) && ConfNumbers.TryParseMemory(text, out var bytes))
        {
            value = unchecked((long)bytes);
            return true;
        }

        if (form.HasFlag(NumberForm.Percent) && text.EndsWith('%') && ConfNumbers.TryParseStrict(text[..^1], out value) && value >= 0)
        {
            value = -value;
            return true;
        }

        if (form.HasFlag(NumberForm.Share) && text.EndsWith('%') && ConfNumbers.TryParseStrict(text[..^1], out value) && value is > 0 and <= HighestShare)
        {
            value += Shares;
            return true;
        }

        if (form.HasFlag(NumberForm.Octal))
            return ConfNumbers.TryParseLenient(text, 8, out value, out var overflowed) && !overflowed;
        value = 0;
        return form == NumberForm.Integer && ConfNumbers.TryParseStrict(text, out value);
    }

    private string UnreadableText => form switch
    {
        NumberForm.Memory | NumberForm.Percent => "argument must be a memory or percent value",
        NumberForm.Memory or NumberForm.Memory | NumberForm.Share => "argument must be a memory value",
        NumberForm.Octal => "argument couldn't be parsed as an octal number",
        _ => "argument couldn't be parsed into an integer",
    };

    private string? OutOfBounds(long value)
    {
        if (Sign == NumberSign.Unsigned)
            return (ulong)value > (ulong)highest || (ulong)value < (ulong)lowest ? BetweenUnsigned : null;
        if (IsPercentage(value))
            return value < lowest ? $"percentage argument must be less or equal to {-lowest}" : null;
        return value > highest || value < lowest ? $"argument must be between {lowest} and {highest} inclusive" : null;
    }

    private string BetweenUnsigned => form.HasFlag(NumberForm.Octal)
        ? $"argument must be between {Convert.ToString(lowest, 8)} and {Convert.ToString(highest, 8)} inclusive"
        : $"argument must be between {(ulong)lowest} and {(ulong)highest} inclusive";
}

/// <summary>How a number's 64 bits are compared.</summary>
internal enum NumberSign
{
    /// <summary>As a signed number.</summary>
    Signed,

    /// <summary>As an unsigned number.</summary>
    Unsigned,
}
