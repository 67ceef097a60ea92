using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace KestrelFree.Server.Commands;

// The commands of a running server, found by name in any case.
//
// A look-up happens for every request, so it is a probe of a small open-addressing table by an integer: the first eight bytes of the
// name with the case bit set, mixed with its length. The name itself is compared only on the slot that matches. FrozenDictionary with
// a span comparer was the obvious way; it hashes byte by byte and cannot fold case without a copy.

/// <summary>All commands of a server by name. Look-up is O(1) and does not allocate.</summary>
internal sealed class CommandTable
{
    private const int Slots = 2048;
    private const int SlotBits = 11;

    private readonly Command?[] _slots = new Command?[Slots];
    private readonly List<Command> _all = [];
    private readonly List<Command> _declared = [];

    /// <summary>Builds the table out of the families' tables.</summary>
    /// <exception cref="InvalidOperationException">A declaration is wrong: a duplicate, a missing key specification, a bad arity.</exception>
    internal CommandTable(params IEnumerable<CommandSpec[]> families)
    {
        foreach (var family in families)
        {
            foreach (var spec in family) Add(new Command(spec, container: null));
        }
    }

    /// <summary>The commands in the order of their declaration.</summary>
    internal IReadOnlyList<Command> All => _all;

    /// <summary>The commands in the order of their declaration, whatever rename-command has made of them.</summary>
    internal IReadOnlyList<Command> Declared => _declared;

    /// <summary>How many commands and subcommands there are, which is also the first number that none has.</summary>
    internal int IdCount { get; private set; }

    /// <summary>Finds a command by its name in any case, or null.</summary>
    internal Command? Find(ReadOnlySpan<byte> name)
    {
        for (var slot = SlotOf(name); ; slot = (slot + 1) & (Slots - 1))
        {
            var command = _slots[slot];
            if (command is null || NameEquals(command.Name, name)) return command;
        }
    }

    /// <summary>Finds a command by the name that it was declared with, whatever rename-command has made of it, or null. O(commands).</summary>
    internal Command? FindDeclared(ReadOnlySpan<byte> name)
    {
        foreach (var command in _declared)
        {
            if (NameEquals(command.Spec.Name, name)) return command;
        }

        return null;
    }

    /// <summary>Finds a command or subcommand by its declared full name, such as <c>config|get</c>, or null. O(commands).</summary>
    internal Command? FindByFullName(ReadOnlySpan<byte> name)
    {
        var bar = name.IndexOf((byte)'|');
        return bar < 0 ? FindDeclared(name) : FindDeclared(name[..bar])?.FindSubcommand(name[(bar + 1)..]);
    }

    /// <summary>True when <paramref name="name"/> is <paramref name="declared"/> in any case.</summary>
    internal static bool NameEquals(string declared, ReadOnlySpan<byte> name) =>
        declared.Length == name.Length && Ascii.EqualsIgnoreCase(name, declared);

    /// <summary>Gives a command another name, or takes it away when that is empty: rename-command. O(commands).</summary>
    internal void Rename(string name, string newName)
    {
        var command = Find(Encoding.Latin1.GetBytes(name)) ?? throw new ArgumentException($"no command {name}", nameof(name));
        command.Name = newName;
        if (newName.Length == 0) _all.Remove(command);
        Array.Clear(_slots);
        foreach (var remaining in _all) Place(remaining);
    }

    /// <summary>Forgets what was counted of every command.</summary>
    internal void ResetStatistics()
    {
        foreach (var command in _all) command.ResetStatistics();
    }

    private void Add(Command command)
    {
        Validate(command.Spec, command.FullName);
        var name = Encoding.ASCII.GetBytes(command.Spec.Name);
        if (Find(name) is not null) throw new InvalidOperationException($"command {command.FullName} is declared twice");
        if (_all.Count >= Slots / 2) throw new InvalidOperationException("the command table is too small for its commands");

        Place(command);
        _all.Add(command);
        _declared.Add(command);
        command.Id = IdCount++;
        foreach (var sub in command.Subcommands) sub.Id = IdCount++;
    }

    private void Place(Command command)
    {
        var slot = SlotOf(Encoding.Latin1.GetBytes(command.Name));
        while (_slots[slot] is not null) slot = (slot + 1) & (Slots - 1);
        _slots[slot] = command;
    }

    private static void Validate(CommandSpec spec, string fullName)
    {
        const KeySpecFlags needsFinder = KeySpecFlags.VariableFlags | KeySpecFlags.Incomplete;
        const CommandFlags touchesKeys = CommandFlags.Write | CommandFlags.ReadOnly;
        if (spec.Arity == 0) throw new InvalidOperationException($"command {fullName} has no arity");
        if (spec.Name.Any(char.IsAsciiLetterUpper)) throw new InvalidOperationException($"command {fullName} is not in lower case");
        if (spec.Handler is null && spec.Subcommands.Length == 0) throw new InvalidOperationException($"command {fullName} does nothing");
        if ((spec.Flags & touchesKeys) == touchesKeys) throw new InvalidOperationException($"command {fullName} reads only and writes");
        var dataGroup = spec.Group is not ("server" or "connection" or "generic" or "scripting" or "cluster" or "transactions" or "pubsub");
        if (dataGroup && spec.Handler is not null && spec.Keys.Length == 0 && spec.Subcommands.Length == 0 && (spec.Flags & touchesKeys) != 0)
            throw new InvalidOperationException($"command {fullName} has no key specification");

        if (spec.KeyFinder is null && spec.Keys.Any(keys => (keys.Flags & needsFinder) != 0 || keys.Begin == BeginSearch.Unknown || keys.Find == FindKeys.Unknown))
            throw new InvalidOperationException($"command {fullName} has keys that nothing finds");

        var duplicate = spec.Subcommands.GroupBy(sub => sub.Name).FirstOrDefault(group => group.Count() > 1);
        if (duplicate is not null) throw new InvalidOperationException($"subcommand {fullName}|{duplicate.Key} is declared twice");
        foreach (var sub in spec.Subcommands) Validate(sub, $"{fullName}|{sub.Name}");
    }

    private static int SlotOf(ReadOnlySpan<byte> name)
    {
        const ulong caseBits = 0x2020202020202020;
        var head = name.Length >= 8 ? BinaryPrimitives.ReadUInt64LittleEndian(name) : ReadShort(name);
        var mixed = ((head | caseBits) + (ulong)name.Length) * 0x9E3779B97F4A7C15;
        return (int)(mixed >> (64 - SlotBits));
    }

    private static ulong ReadShort(ReadOnlySpan<byte> name)
    {
        if (name.Length >= 4)
        {
            var head = MemoryMarshal.Read<uint>(name);
            var tail = MemoryMarshal.Read<uint>(name[^4..]);
            return head | ((ulong)tail << 32);
        }

        ulong key = 0;
        foreach (var b in name) key = (key << 8) | b;
        return key;
    }
}
