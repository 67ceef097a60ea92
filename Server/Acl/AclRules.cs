using System.Buffers;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Acl;

/// <summary>Why a rule is refused.</summary>
internal enum AclFault
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>It is no rule.</summary>
    Syntax,

    /// <summary>It names a command or a category that there is not.</summary>
    UnknownCommand,

    /// <summary>It adds keys to all keys.</summary>
    AllKeysAlready,

    /// <summary>It adds channels to all channels.</summary>
    AllChannelsAlready,

    /// <summary>It takes a password away that there is not.</summary>
    NoSuchPassword,

    /// <summary>It names a hash that is none.</summary>
    BadHash,

    /// <summary>It allows a subcommand with certain arguments.</summary>
    FirstArgumentOfSubcommand,

    /// <summary>It names a database that there cannot be.</summary>
    DatabaseOutOfRange,
}

// The language of rules, which ACL SETUSER, the user lines of the configuration and the aclfile share:
//
//     on off                        may authenticate          >password <password      adds, removes a password
//     nopass resetpass              any password, none        #hash !hash              the same by its SHA-256
//     sanitize-payload skip-...     RESTORE's check           reset                    a new user
//     (rules)  clearselectors       further selectors, each a set of the rules below; outside of parentheses they change the root
//
//     +command -command +command|sub -command|sub +@category -@category allcommands nocommands
//     +command|first-argument       an old form
//     ~keys %R~keys %W~keys %RW~keys allkeys resetkeys
//     &channels allchannels resetchannels
//     db=1,2 alldbs resetdbs        of Valkey 9.1
//
// Rules apply in their order, each to what the ones before it have made. Names of commands are those declared, whatever rename-command made of
// them. Commands of Redis that are yet to come (CommandsToCome) may be named; such a rule is kept and changes nothing.

/// <summary>Applies rules to users.</summary>
internal sealed class AclRules
{
    private static readonly SearchValues<byte> Blanks = SearchValues.Create("\0 \t\n\v\f\r"u8);

    private readonly CommandTable _commands;
    private readonly ServerConfig _config;
    private readonly ServerLog _log;

    internal AclRules(CommandTable commands, ServerConfig config, ServerLog log)
    {
        _commands = commands;
        _config = config;
        _log = log;
    }

    /// <summary>Why a rule is refused, in Redis's words.</summary>
    internal static string Describe(AclFault fault) => fault switch
    {
        AclFault.UnknownCommand => "Unknown command or category name in ACL",
        AclFault.AllKeysAlready => "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
            "Try 'resetkeys' to start with an empty list of patterns",
        AclFault.AllChannelsAlready => "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
            "Try 'resetchannels' to start with an empty list of channels",
        AclFault.NoSuchPassword => "The password you are trying to remove from the user does not exist",
        AclFault.BadHash => "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
        AclFault.FirstArgumentOfSubcommand => "Allowing first-arg of a subcommand is not supported",
        AclFault.DatabaseOutOfRange => "The provided database ID is out of range",
        _ => "Syntax error",
    };

    /// <summary>Whether a name or pattern has blanks or NULs, which a line of rules could not hold.</summary>
    internal static bool HasBlanks(ReadOnlySpan<byte> text) => text.ContainsAny(Blanks);

    /// <summary>Joins the words of selectors that are spread over several, as in <c>(+get ~a:*)</c>; null when a parenthesis is not closed.</summary>
    /// <param name="words">The rules.</param>
    /// <param name="unclosed">The word with the parenthesis that is not closed.</param>
    internal static List<byte[]>? Join(IReadOnlyList<byte[]> words, out int unclosed)
    {
        unclosed = -1;
        var rules = new List<byte[]>(words.Count);
        byte[] open = [];
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (unclosed < 0 && word is [(byte)'(', ..] and not [.., (byte)')'])
            {
                unclosed = i;
                open = word;
            }
            else if (unclosed < 0)
            {
                rules.Add(word);
            }
            else
            {
                open = [.. open, (byte)' ', .. word];
                if (word is not [.., (byte)')']) continue;
                rules.Add(open);
                unclosed = -1;
            }
        }

        return unclosed < 0 ? rules : null;
    }

    /// <summary>A user as it is before any rule.</summary>
    internal User NewUser(ReadOnlySpan<byte> name) => new(name, _commands.IdCount, _config.AclPubSubDefault);

    /// <summary>Makes a user one that may do everything without a password.</summary>
    internal static void OpenToAll(User user)
    {
        user.IsEnabled = true;
        user.AllowAnyPassword();
        user.Root.Commands.AllowAll();
        user.Root.AllowAllKeys();
        user.Root.AllowAllChannels();
        user.NoteRights();
    }

    /// <summary>Makes a user one that can do nothing, as new ones are.</summary>
    internal void Reset(User user) => user.Adopt(NewUser(user.Name));

    /// <summary>Applies a rule to a user; nothing has changed when it is refused.</summary>
    internal AclFault Apply(User user, ReadOnlySpan<byte> rule)
    {
        var fault = AclFault.None;
        if (!rule.IsEmpty && !TryWord(user, rule))
        {
            fault = rule[0] switch
            {
                (byte)'>' => AddPassword(user, PasswordHash.Of(rule[1..])),
                (byte)'#' => AddPassword(user, PasswordHash.Parse(rule[1..])),
                (byte)'<' => RemovePassword(user, PasswordHash.Of(rule[1..])),
                (byte)'!' => RemovePassword(user, PasswordHash.Parse(rule[1..])),
                (byte)'(' when rule[^1] == ')' => AddSelector(user, rule[1..^1]),
                _ => Apply(user.Root, rule),
            };
        }

        user.NoteRights();
        return fault;
    }

    private bool TryWord(User user, ReadOnlySpan<byte> rule)
    {
        if (rule.Is("on"u8)) user.IsEnabled = true;
        else if (rule.Is("off"u8)) user.IsEnabled = false;
        else if (rule.Is("nopass"u8)) user.AllowAnyPassword();
        else if (rule.Is("resetpass"u8)) user.ResetPasswords();
        else if (rule.Is("sanitize-payload"u8)) user.SkipsSanitizing = false;
        else if (rule.Is("skip-sanitize-payload"u8)) user.SkipsSanitizing = true;
        else if (rule.Is("clearselectors"u8)) user.ClearSelectors();
        else if (rule.Is("reset"u8)) Reset(user);
        else return false;
        return true;
    }

    private static AclFault AddPassword(User user, PasswordHash? password)
    {
        if (password is null) return AclFault.BadHash;
        user.AddPassword(password);
        return AclFault.None;
    }

    private static AclFault RemovePassword(User user, PasswordHash? password)
    {
        if (password is null) return AclFault.BadHash;
        return user.RemovePassword(password) ? AclFault.None : AclFault.NoSuchPassword;
    }

    private AclFault AddSelector(User user, ReadOnlySpan<byte> rules)
    {
        var words = new List<byte[]>();
        if (!ArgumentSplitter.TrySplit(rules, words)) return AclFault.Syntax;
        var selector = new AclSelector(_commands.IdCount, _config.AclPubSubDefault);
        foreach (var word in words)
        {
            if (Apply(selector, word) is var fault && fault != AclFault.None) return fault;
        }

        user.AddSelector(selector);
        return AclFault.None;
    }

    private AclFault Apply(AclSelector selector, ReadOnlySpan<byte> rule)
    {
        if (TrySelectorWord(selector, rule)) return AclFault.None;
        if (rule.StartsWith("db="u8) || rule.StartsWith("DB="u8)) return SetDatabases(selector, rule[3..]);
        return rule switch
        {
            [(byte)'~' or (byte)'%', ..] => AddKeys(selector, rule),
            [(byte)'&', .. var pattern] => AddChannels(selector, pattern),
            [(byte)'+', (byte)'@', .. var category] => SetCategory(selector, category, Permission.Allow),
            [(byte)'-', (byte)'@', .. var category] => SetCategory(selector, category, Permission.Deny),
            [(byte)'+', .. var command] => Allow(selector, command),
            [(byte)'-', .. var command] => Deny(selector, command),
            _ => AclFault.Syntax,
        };
    }

    private static bool TrySelectorWord(AclSelector selector, ReadOnlySpan<byte> rule)
    {
        if (rule.Is("allkeys"u8) || rule.Is("~*"u8)) selector.AllowAllKeys();
        else if (rule.Is("resetkeys"u8)) selector.ResetKeys();
        else if (rule.Is("allchannels"u8) || rule.Is("&*"u8)) selector.AllowAllChannels();
        else if (rule.Is("resetchannels"u8)) selector.ResetChannels();
        else if (rule.Is("allcommands"u8) || rule.Is("+@all"u8)) selector.Commands.AllowAll();
        else if (rule.Is("nocommands"u8) || rule.Is("-@all"u8)) selector.Commands.DenyAll();
        else if (rule.Is("alldbs"u8)) selector.AllowAllDatabases();
        else if (rule.Is("resetdbs"u8)) selector.SetDatabases([]);
        else return false;
        return true;
    }

    private static AclFault AddKeys(AclSelector selector, ReadOnlySpan<byte> rule)
    {
        if (selector.HasAllKeys) return AclFault.AllKeysAlready;
        if (!TryAccess(rule, out var access, out var pattern) || HasBlanks(pattern)) return AclFault.Syntax;
        selector.AddKeys(pattern, access);
        return AclFault.None;
    }

    private static bool TryAccess(ReadOnlySpan<byte> rule, out KeyAccess access, out ReadOnlySpan<byte> pattern)
    {
        access = rule[0] == '~' ? KeyAccess.Full : KeyAccess.None;
        var tilde = rule.IndexOf((byte)'~');
        pattern = tilde < 0 ? default : rule[(tilde + 1)..];
        for (var i = 1; i < tilde; i++)
        {
            var letter = (rule[i] | 0x20) switch { 'r' => KeyAccess.Read, 'w' => KeyAccess.Write, _ => KeyAccess.None };
            if (letter == KeyAccess.None || (access & letter) != 0) return false;
            access |= letter;
        }

        return tilde >= 0 && access != KeyAccess.None;
    }

    private static AclFault AddChannels(AclSelector selector, ReadOnlySpan<byte> pattern)
    {
        if (selector.HasAllChannels) return AclFault.AllChannelsAlready;
        if (HasBlanks(pattern)) return AclFault.Syntax;
        selector.AddChannels(pattern);
        return AclFault.None;
    }

    private static AclFault SetDatabases(AclSelector selector, ReadOnlySpan<byte> list)
    {
        var databases = new List<int>();
        foreach (var part in list.Split((byte)','))
        {
            if (!Numbers.TryParseInteger(list[part], out var index)) return AclFault.Syntax;
            if (index is < 0 or > int.MaxValue) return AclFault.DatabaseOutOfRange;
            databases.Add((int)index);
        }

        selector.SetDatabases(databases);
        return AclFault.None;
    }

    private AclFault SetCategory(AclSelector selector, ReadOnlySpan<byte> name, Permission permission)
    {
        var category = AclCategoryNames.IndexOf(name);
        if (category < 0) return AclFault.UnknownCommand;
        selector.Commands.SetCategory(_commands.Declared, category, permission);
        return AclFault.None;
    }

    private AclFault Deny(AclSelector selector, ReadOnlySpan<byte> name)
    {
        if (_commands.FindByFullName(name) is not { } command) return KeepForLater(selector, name, Permission.Deny);
        selector.Commands.Set(command, Permission.Deny);
        return AclFault.None;
    }

    private AclFault Allow(AclSelector selector, ReadOnlySpan<byte> name)
    {
        var bar = name.LastIndexOf((byte)'|');
        var command = _commands.FindByFullName(bar < 0 ? name : name[..bar]);
        if (command is null) return KeepForLater(selector, name, Permission.Allow);
        if (bar < 0)
        {
            selector.Commands.Set(command, Permission.Allow);
            return AclFault.None;
        }

        var argument = name[(bar + 1)..];
        if (command.Container is not null) return AclFault.FirstArgumentOfSubcommand;
        if (argument.IsEmpty) return AclFault.Syntax;
        return command.Subcommands.Count > 0 ? AllowSubcommand(selector, command, argument) : AllowFirstArgument(selector, command, argument);
    }

    private static AclFault KeepForLater(AclSelector selector, ReadOnlySpan<byte> name, Permission permission)
    {
        var fullName = Encoding.Latin1.GetString(name);
        if (!CommandsToCome.Include(fullName)) return AclFault.UnknownCommand;
        selector.Commands.Remember(fullName, permission);
        return AclFault.None;
    }

    private static AclFault AllowSubcommand(AclSelector selector, Command container, ReadOnlySpan<byte> name)
    {
        if (container.FindSubcommand(name) is not { } subcommand) return AclFault.UnknownCommand;
        selector.Commands.Set(subcommand, Permission.Allow);
        return AclFault.None;
    }

    private AclFault AllowFirstArgument(AclSelector selector, Command command, ReadOnlySpan<byte> argument)
    {
        if (HasBlanks(argument)) return AclFault.Syntax;
        _log.Warning(
            "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future " +
            $"(offender: +{command.FullName}|{Encoding.Latin1.GetString(argument)})");
        selector.Commands.AllowFirstArgument(command, argument);
        return AclFault.None;
    }
}
