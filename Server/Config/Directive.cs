namespace KestrelFree.Server.Config;

// A directive is one row: its name, an older name that still works, what kind of value it takes within which bounds, its default,
// its flags, and whether anything in this server reads it yet. The row knows how to check and take a value (Assign), how CONFIG GET
// prints it (Format) and how CONFIG REWRITE writes it (Rewrite). It holds no value.
//
//   DirectiveTable          rows in order, found by name or alias
//        | Slot
//   ConfigValues            two arrays: Numbers[slot] for yes/no, numbers and choices; Objects[slot] for texts and lists
//        |
//   ServerConfig            a typed property per effective directive, what the code reads
//
// Values apart from rows make three things simple: the table is immutable and shared by every server in a test process; reading a value is
// two loads; and CONFIG SET's backup of everything is a copy of two arrays. The usual alternative, a pair of accessor delegates per row,
// needs a field, a property and two closures per directive, and a roll-back that formats and parses every value again.
//
// Objects in a slot are immutable: Assign replaces them and never changes one, otherwise the backup would change with it.

/// <summary>What a directive permits besides being read.</summary>
[Flags]
internal enum DirectiveFlags
{
    /// <summary>CONFIG SET may change it.</summary>
    None = 0,

    /// <summary>Only the configuration file and the command line may set it.</summary>
    Immutable = 1 << 0,

    /// <summary>CONFIG SET needs enable-protected-configs.</summary>
    Protected = 1 << 1,

    /// <summary>The value is a secret: logs, MONITOR and SLOWLOG redact it.</summary>
    Sensitive = 1 << 2,

    /// <summary>CONFIG GET shows it by its exact name only.</summary>
    Hidden = 1 << 3,

    /// <summary>It takes several arguments; one argument is split at its blanks.</summary>
    MultiArgument = 1 << 4,

    /// <summary>CONFIG SET refuses it while the data set loads.</summary>
    DenyLoading = 1 << 5,

    /// <summary>Setting the same value again still applies it: it names a file whose content may have changed.</summary>
    Volatile = 1 << 6,

    /// <summary>CONFIG GET shows the alias by its exact name only.</summary>
    HiddenAlias = 1 << 7,
}

/// <summary>Whether this server reads a directive's value.</summary>
internal enum Effect
{
    /// <summary>The server does what the directive says.</summary>
    Works,

    /// <summary>The value is accepted, kept and printed; the log names the directive once as having no effect yet.</summary>
    NotYet,
}

/// <summary>What became of an assignment.</summary>
internal enum AssignResult
{
    /// <summary>The arguments were refused; the reason is in <see cref="Assignment.Error"/>.</summary>
    Refused,

    /// <summary>The value was already that one: nothing to apply.</summary>
    Unchanged,

    /// <summary>A new value was taken.</summary>
    Changed,
}

/// <summary>One row of the table of directives.</summary>
internal abstract class Directive(string name)
{
    /// <summary>The directive's name, in lower case.</summary>
    public string Name { get; } = name;

    /// <summary>An older name that works alike, or null.</summary>
    public string? Alias { get; init; }

    /// <summary>What the directive permits.</summary>
    public DirectiveFlags Flags { get; init; }

    /// <summary>Whether the server reads the value.</summary>
    public Effect Effect { get; init; }

    /// <summary>The row's place in <see cref="ConfigValues"/>; given once by the table.</summary>
    public int Slot { get; private set; } = -1;

    /// <summary>Tells whether all the flags given are set.</summary>
    public bool Has(DirectiveFlags flags) => (Flags & flags) == flags;

    /// <summary>Puts the default in place.</summary>
    public abstract void Reset(ConfigValues values);

    /// <summary>Checks the arguments and takes the value; when it refuses, nothing has changed.</summary>
    public abstract AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments);

    /// <summary>The value as CONFIG GET prints it.</summary>
    public abstract string Format(ConfigValues values);

    /// <summary>Writes the line or lines that would set the present value again.</summary>
    public abstract void Rewrite(ConfigValues values, RewriteLines lines);

    /// <summary>Called after CONFIG SET rolled the values back, for a value that lives in the process too.</summary>
    public virtual void AfterRestore(ConfigValues values)
    {
    }

    internal void PlaceAt(int slot) => Slot = Slot < 0 ? slot : throw new InvalidOperationException($"{Name} is in the table twice");

    /// <summary>Puts a number in place; the result minds <see cref="DirectiveFlags.Volatile"/>.</summary>
    protected AssignResult Take(ConfigValues values, long number)
    {
        var changed = values.Numbers[Slot] != number;
        values.Numbers[Slot] = number;
        return changed || Has(DirectiveFlags.Volatile) ? AssignResult.Changed : AssignResult.Unchanged;
    }
}
