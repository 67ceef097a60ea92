using KestrelFree.Server.Introspection;

namespace KestrelFree.Server.Commands;

/// <summary>A command of a running server: its <see cref="CommandSpec"/>, its subcommands and what has been counted of it.</summary>
internal sealed class Command
{
    private readonly Command[] _subcommands;

    internal Command(CommandSpec spec, Command? container)
    {
        Spec = spec;
        Name = spec.Name;
        Flags = spec.Flags;
        Container = container;
        FullName = container is null ? spec.Name : $"{container.FullName}|{spec.Name}";
        Keys = CommandKeys.LegacyRange(spec, out var movable);
        if (movable) Flags |= CommandFlags.MovableKeys;
        _subcommands = [.. spec.Subcommands.Select(sub => new Command(sub, this))];
    }

    /// <summary>Its number among the commands and subcommands of the server, from 0 on; given once by the table.</summary>
    internal int Id { get; set; }

    /// <summary>The command that it is a subcommand of; null for most.</summary>
    internal Command? Container { get; }

    /// <summary>The declaration.</summary>
    internal CommandSpec Spec { get; }

    /// <summary>The name by which clients call it: the declared one unless rename-command gave it another.</summary>
    internal string Name { get; set; }

    /// <summary>The declared flags and those that follow from the key specifications.</summary>
    internal CommandFlags Flags { get; }

    /// <summary>The name as ACL rules and statistics write it: <c>client|id</c>.</summary>
    internal string FullName { get; }

    /// <summary>First key, last key and step: what COMMAND reported before key specifications existed. All 0 without keys.</summary>
    internal (int First, int Last, int Step) Keys { get; }

    /// <summary>The subcommands, in the order of their declaration.</summary>
    internal IReadOnlyList<Command> Subcommands => _subcommands;

    /// <summary>How often it ran.</summary>
    internal long Calls { get; set; }

    /// <summary>How long it ran in all, in ticks of the monotonic clock.</summary>
    internal long Ticks { get; set; }

    /// <summary>How often it was refused before it ran.</summary>
    internal long RejectedCalls { get; set; }

    /// <summary>How often it ran and replied with an error.</summary>
    internal long FailedCalls { get; set; }

    /// <summary>How long its calls took; null while none was tracked.</summary>
    internal LatencyHistogram? Latencies { get; set; }

    /// <summary>Finds a subcommand by name in any case, or null.</summary>
    internal Command? FindSubcommand(ReadOnlySpan<byte> name)
    {
        foreach (var sub in _subcommands)
        {
            if (CommandTable.NameEquals(sub.Spec.Name, name)) return sub;
        }

        return null;
    }

    /// <summary>Forgets what was counted, subcommands included.</summary>
    internal void ResetStatistics()
    {
        Calls = Ticks = RejectedCalls = FailedCalls = 0;
        Latencies = null;
        foreach (var sub in _subcommands) sub.ResetStatistics();
    }
}
