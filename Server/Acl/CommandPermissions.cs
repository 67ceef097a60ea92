using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;

namespace KestrelFree.Server.Acl;

/// <summary>Whether a rule gives or takes.</summary>
internal enum Permission
{
    /// <summary>It takes.</summary>
    Deny,

    /// <summary>It gives.</summary>
    Allow,
}

// Which commands a selector may run.
//
//     bits      one for each command and subcommand, by Command.Id: what is asked for every request
//     rules     the words that led to the bits, in their order: what ACL LIST and the files show
//
// The bits could be turned back into words, as Redis did before 7.2, but not into those that the operator wrote. So the words are kept, and of
// them only what still says something: a rule replaces an older one about the same command or category, and one about a command replaces those
// about its subcommands. Whether +@all or -@all came before them is the flag IncludesFuture: commands that do not exist yet are allowed.
//
// A command whose bit is not set may still be allowed with certain first arguments (+select|0), an old form that Redis still takes.

/// <summary>The commands that a selector may run. Asking is O(1).</summary>
internal sealed class CommandPermissions
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _bits;
    private readonly List<string> _rules = [];
    private Dictionary<int, List<byte[]>>? _firstArguments;

    internal CommandPermissions(int commandCount) => _bits = new ulong[(commandCount + BitsPerWord - 1) / BitsPerWord];

    private CommandPermissions(CommandPermissions source)
    {
        _bits = [.. source._bits];
        _rules = [.. source._rules];
        IsAll = source.IsAll;
        IncludesFuture = source.IncludesFuture;
        _firstArguments = source._firstArguments?.ToDictionary(entry => entry.Key, entry => new List<byte[]>(entry.Value));
    }

    /// <summary>Whether nothing was taken away since all was given, so that nothing has to be asked.</summary>
    internal bool IsAll { get; private set; }

    /// <summary>Whether commands are allowed that do not exist yet.</summary>
    internal bool IncludesFuture { get; private set; }

    /// <summary>The same permissions, to be changed apart from these.</summary>
    internal CommandPermissions Copy() => new(this);

    /// <summary>+@all.</summary>
    internal void AllowAll() => SetAll(ulong.MaxValue, Permission.Allow);

    /// <summary>-@all.</summary>
    internal void DenyAll() => SetAll(0, Permission.Deny);

    /// <summary>Gives or takes a command with all its subcommands, or one subcommand.</summary>
    internal void Set(Command command, Permission permission)
    {
        SetWithSubcommands(command, permission);
        Remember(command.FullName, permission);
    }

    /// <summary>Gives or takes every command of a category. O(commands).</summary>
    /// <param name="commands">The commands there are.</param>
    /// <param name="category">The index of the category.</param>
    /// <param name="permission">Whether to give or to take.</param>
    internal void SetCategory(IReadOnlyList<Command> commands, int category, Permission permission)
    {
        var flag = (AclCategory)(1 << category);
        foreach (var command in commands)
        {
            if ((command.Spec.AllCategories & flag) != 0) SetWithSubcommands(command, permission);
            foreach (var sub in command.Subcommands)
            {
                if ((sub.Spec.AllCategories & flag) != 0) SetWithSubcommands(sub, permission);
            }
        }

        Remember("@" + AclCategoryNames.All[category], permission);
    }

    /// <summary>Gives a command as long as its first argument is this one.</summary>
    internal void AllowFirstArgument(Command command, ReadOnlySpan<byte> argument)
    {
        _firstArguments ??= [];
        if (!_firstArguments.TryGetValue(command.Id, out var known)) _firstArguments[command.Id] = known = [];
        if (!IsAmong(known, argument)) known.Add(argument.ToArray());
        Remember($"{command.FullName}|{Encoding.Latin1.GetString(argument)}", Permission.Allow);
    }

    /// <summary>Keeps a rule about a command, which replaces those that say less.</summary>
    internal void Remember(string subject, Permission permission)
    {
        subject = subject.ToLowerInvariant();
        _rules.RemoveAll(rule => IsAbout(rule.AsSpan(1), subject));
        _rules.Add((permission == Permission.Allow ? "+" : "-") + subject);
    }

    /// <summary>Whether a request of a command is allowed.</summary>
    internal bool Allows(Command command, in ArgVector args)
    {
        if (IsAll || (_bits[command.Id / BitsPerWord] & Bit(command)) != 0) return true;
        return args.Count > 1 && _firstArguments is not null && _firstArguments.TryGetValue(command.Id, out var allowed) && IsAmong(allowed, args[1]);
    }

    /// <summary>The rules that make these permissions out of nothing.</summary>
    internal string Describe() => string.Join(' ', _rules.Prepend(IncludesFuture ? "+@all" : "-@all"));

    private static bool IsAmong(List<byte[]> arguments, ReadOnlySpan<byte> argument)
    {
        foreach (var known in arguments)
        {
            if (AsciiText.EqualsIgnoreCase(known, argument)) return true;
        }

        return false;
    }

    private static ulong Bit(Command command) => 1UL << (command.Id % BitsPerWord);

    private void SetAll(ulong bits, Permission permission)
    {
        Array.Fill(_bits, bits);
        IsAll = IncludesFuture = permission == Permission.Allow;
        _rules.Clear();
        _firstArguments = null;
    }

    private void SetWithSubcommands(Command command, Permission permission)
    {
        SetBit(command, permission);
        _firstArguments?.Remove(command.Id);
        foreach (var sub in command.Subcommands) SetBit(sub, permission);
    }

    private void SetBit(Command command, Permission permission)
    {
        if (permission == Permission.Allow)
        {
            _bits[command.Id / BitsPerWord] |= Bit(command);
            return;
        }

        _bits[command.Id / BitsPerWord] &= ~Bit(command);
        IsAll = false;
    }

    private static bool IsAbout(ReadOnlySpan<char> known, string subject) =>
        known.StartsWith(subject, StringComparison.Ordinal) && (known.Length == subject.Length || known[subject.Length] == '|');
}
