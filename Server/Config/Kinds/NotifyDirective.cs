namespace KestrelFree.Server.Config.Kinds;

/// <summary>The classes of keyspace events that clients may be told of, with the letters that name them.</summary>
[Flags]
internal enum NotifyClasses
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>K: events published under the key.</summary>
    Keyspace = 1 << 0,

    /// <summary>E: events published under the event's name.</summary>
    Keyevent = 1 << 1,

    /// <summary>g: commands of no particular type.</summary>
    Generic = 1 << 2,

    /// <summary>$: string commands.</summary>
    String = 1 << 3,

    /// <summary>l: list commands.</summary>
    List = 1 << 4,

    /// <summary>s: set commands.</summary>
    Set = 1 << 5,

    /// <summary>h: hash commands.</summary>
    Hash = 1 << 6,

    /// <summary>z: sorted set commands.</summary>
    SortedSet = 1 << 7,

    /// <summary>x: keys that expired.</summary>
    Expired = 1 << 8,

    /// <summary>e: keys that were evicted.</summary>
    Evicted = 1 << 9,

    /// <summary>t: stream commands.</summary>
    Stream = 1 << 10,

    /// <summary>m: look-ups that missed; not part of A.</summary>
    KeyMiss = 1 << 11,

    /// <summary>d: modules' own types.</summary>
    Module = 1 << 13,

    /// <summary>n: new keys; not part of A.</summary>
    New = 1 << 14,

    /// <summary>A: g$lshzxetd.</summary>
    All = Generic | String | List | Set | Hash | SortedSet | Expired | Evicted | Stream | Module,
}

/// <summary>The classes of keyspace events, written as letters.</summary>
internal sealed class NotifyDirective(string name) : Directive(name)
{
    // In the order in which the letters are printed.
    private static readonly (char Letter, NotifyClasses Class)[] PartsOfAll =
    [
        ('g', NotifyClasses.Generic), ('$', NotifyClasses.String), ('l', NotifyClasses.List), ('s', NotifyClasses.Set),
        ('h', NotifyClasses.Hash), ('z', NotifyClasses.SortedSet), ('x', NotifyClasses.Expired), ('e', NotifyClasses.Evicted),
        ('t', NotifyClasses.Stream), ('d', NotifyClasses.Module), ('n', NotifyClasses.New),
    ];

    private static readonly (char Letter, NotifyClasses Class)[] Others =
        [('K', NotifyClasses.Keyspace), ('E', NotifyClasses.Keyevent), ('m', NotifyClasses.KeyMiss)];

    public override void Reset(ConfigValues values) => values.Numbers[Slot] = 0;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 1) return assignment.Refuse("wrong number of arguments");
        if (!TryParse(arguments[0], out var classes))
            return assignment.Refuse("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        assignment.Values.Numbers[Slot] = (long)classes;
        return AssignResult.Changed;
    }

    /// <summary>The letters; as in Redis, "A" hides an "n" that was given beside it.</summary>
    public override string Format(ConfigValues values)
    {
        var classes = (NotifyClasses)values.Numbers[Slot];
        var letters = (classes & NotifyClasses.All) == NotifyClasses.All ? "A" : Letters(classes, PartsOfAll);
        return letters + Letters(classes, Others);
    }

    public override void Rewrite(ConfigValues values, RewriteLines lines) =>
        lines.Write(Name, ByteText.Quote(Format(values)), values.Numbers[Slot] != 0 ? LineNeed.Always : LineNeed.IfMentioned);

    private static string Letters(NotifyClasses classes, (char Letter, NotifyClasses Class)[] table) =>
        string.Concat(table.Where(row => classes.HasFlag(row.Class)).Select(row => row.Letter));

    private static bool TryParse(string letters, out NotifyClasses classes)
    {
        classes = NotifyClasses.None;
        foreach (var letter in letters)
        {
            var one = letter == 'A' ? NotifyClasses.All : ClassOf(letter);
            if (one == NotifyClasses.None) return false;
            classes |= one;
        }

        return true;
    }

    private static NotifyClasses ClassOf(char letter) =>
        PartsOfAll.Concat(Others).FirstOrDefault(row => row.Letter == letter).Class;
}
