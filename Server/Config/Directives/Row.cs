using KestrelFree.Server.Config.Kinds;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Short names for the rows of the tables beside this file.</summary>
internal static class Row
{
    public const Answer Yes = Answer.Yes;
    public const Answer No = Answer.No;
    public const Effect NotYet = Effect.NotYet;
    public const DirectiveFlags Immutable = DirectiveFlags.Immutable;
    public const DirectiveFlags Protected = DirectiveFlags.Protected;
    public const DirectiveFlags Sensitive = DirectiveFlags.Sensitive;
    public const DirectiveFlags Hidden = DirectiveFlags.Hidden;
    public const DirectiveFlags HiddenAlias = DirectiveFlags.HiddenAlias;
    public const DirectiveFlags Several = DirectiveFlags.MultiArgument;
    public const DirectiveFlags DenyLoading = DirectiveFlags.DenyLoading;
    public const DirectiveFlags Reread = DirectiveFlags.Volatile;
    public const long MaxInt = int.MaxValue;
    public const long MinInt = int.MinValue;
    public const long MaxLong = long.MaxValue;
    public const long MaxPort = 65535;

    /// <summary>All 64 bits, the upper bound of a number compared unsigned.</summary>
    public const long MaxUnsigned = -1;

    public const long Kb = 1L << 10;
    public const long Mb = 1L << 20;
    public const long Gb = 1L << 30;

    /// <summary>A yes/no directive.</summary>
    public static Directive YesNo(
        string name, Answer answer, DirectiveFlags flags = 0, string? alias = null, Effect effect = 0, string? liveYesRefusal = null) =>
        new YesNoDirective(name, answer) { Flags = flags, Alias = alias, Effect = effect, LiveYesRefusal = liveYesRefusal };

    /// <summary>An integer between two bounds.</summary>
    public static Directive Integer(
        string name, long value, long lowest, long highest, DirectiveFlags flags = 0, string? alias = null, Effect effect = 0) =>
        new NumberDirective(name, NumberForm.Integer, value, lowest, highest) { Flags = flags, Alias = alias, Effect = effect };

    /// <summary>An integer that is moved into a narrower range than its bounds.</summary>
    public static Directive Clamped(string name, long value, long lowest, long highest, (long Lowest, long Highest) clamp) =>
        new NumberDirective(name, NumberForm.Integer, value, lowest, highest) { Clamp = clamp };

    /// <summary>A number of bytes that may carry a unit.</summary>
    public static Directive Memory(
        string name, long bytes, long lowest, long highest, DirectiveFlags flags = 0, string? alias = null, Effect effect = 0) =>
        new NumberDirective(name, NumberForm.Memory, bytes, lowest, highest)
        {
            Flags = flags,
            Alias = alias,
            Effect = effect,
            Sign = highest == MaxUnsigned ? NumberSign.Unsigned : NumberSign.Signed,
        };

    /// <summary>A number in another form.</summary>
    public static Directive Number(
        string name, NumberForm form, long value, long lowest, long highest, NumberSign sign, DirectiveFlags flags = 0, Effect effect = 0) =>
        new NumberDirective(name, form, value, lowest, highest) { Flags = flags, Effect = effect, Sign = sign };

    /// <summary>A number of bytes that is raised to a smallest sensible one.</summary>
    public static Directive AtLeast(string name, long bytes, long lowest, long floor, Effect effect = 0) =>
        new NumberDirective(name, NumberForm.Memory, bytes, lowest, MaxLong) { Clamp = (floor, MaxLong), Effect = effect };

    /// <summary>One of a few words.</summary>
    public static Directive Choice<T>(string name, T value, ChoiceName[] words, DirectiveFlags flags = 0, Effect effect = 0)
        where T : struct, Enum =>
        new ChoiceDirective(name, words, Convert.ToInt64(value)) { Flags = flags, Effect = effect };

    /// <summary>Text that is unset when empty.</summary>
    public static Directive OptionalText(
        string name, DirectiveFlags flags = 0, string? alias = null, Effect effect = 0, Func<string, string?>? refusal = null) =>
        new TextDirective(name, EmptyText.IsUnset, null) { Flags = flags, Alias = alias, Effect = effect, Refusal = refusal };

    /// <summary>Text with a default.</summary>
    public static Directive Text(string name, string text, DirectiveFlags flags = 0, Effect effect = 0, Func<string, string?>? refusal = null) =>
        new TextDirective(name, EmptyText.IsValue, text) { Flags = flags, Effect = effect, Refusal = refusal };
}
