using KestrelFree.Server.Acl;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config.Sources;
using KestrelFree.Server.Logging;
using Microsoft.Extensions.Configuration;

namespace KestrelFree.Server.Config;

/// <summary>Fills a configuration from the statements of its sources, in order, up to the first fault.</summary>
internal sealed class ConfigLoader(ServerConfig config)
{
    // Directives that did something in old versions and are passed over since.
    private static readonly string[] Retired = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

    private readonly HashSet<Directive> _given = [];
    private readonly List<string> _withoutEffect = [];
    private readonly List<string> _warnings = [];
    private bool _hasModuleSettings;

    // The names that commands have so far, for rename-command; null while there is none.
    private HashSet<string>? _commandNames;

    // Made for the first user line.
    private AclRules? _rules;

    /// <summary>The statement at which loading stopped; null when it did not, or when no single one is at fault.</summary>
    public ConfStatement? Faulty { get; private set; }

    /// <summary>Why loading stopped, in Redis's words; null when it did not.</summary>
    public string? Fault { get; private set; }

    /// <summary>Directives that were given and that nothing reads yet, each once.</summary>
    public IReadOnlyList<string> WithoutEffect => _withoutEffect;

    /// <summary>What the log should warn of.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Applies every statement and checks the whole; false when something is at fault.</summary>
    public bool Load(IConfigurationRoot sources)
    {
        foreach (var provider in sources.Providers)
        {
            foreach (var statement in ((StatementProvider)provider).Statements)
            {
                Fault = statement.Malformed ?? statement.Unreadable ?? Apply(statement);
                if (Fault is null) continue;
                Faulty = statement;
                return false;
            }
        }

        Fault = CheckWhole();
        return Fault is null;
    }

    private string? Apply(ConfStatement statement)
    {
        var directive = DirectiveTable.Find(statement.Name);
        if (directive is null && statement.Origin == StatementOrigin.Variable)
            directive = DirectiveTable.Find(statement.Name.Replace('-', '_'));
        return directive is null ? ApplyOther(statement) : Assign(directive, statement);
    }

    private string? Assign(Directive directive, ConfStatement statement)
    {
        var arguments = statement.Arguments;
        if (!directive.Has(DirectiveFlags.MultiArgument) && arguments.Length != 1) return "wrong number of arguments";
        if (directive.Has(DirectiveFlags.MultiArgument) && arguments is [{ Length: > 0 } several])
            arguments = ConfTokens.Split(several) ?? [];
        var isFirst = _given.Add(directive) || statement.Origin == StatementOrigin.Variable;
        var assignment = new Assignment(
            config.Values, isFirst ? AssignmentOrigin.FirstStatement : AssignmentOrigin.FurtherStatement);
        if (directive.Assign(assignment, arguments) == AssignResult.Refused) return assignment.Error;
        if (assignment.Warning is { } warning) _warnings.Add(warning);
        if (directive.Effect == Effect.NotYet) NoteWithoutEffect(directive.Name);
        return null;
    }

    private string? ApplyOther(ConfStatement statement)
    {
        var arguments = statement.Arguments;
        if (statement.Origin == StatementOrigin.Variable) return "Bad directive or wrong number of arguments";
        switch (statement.Name)
        {
            case var name when Retired.Contains(name) && arguments.Length == 1:
                NoteWithoutEffect(name);
                return null;
            case "rename-command" when arguments.Length == 2:
                return Rename(arguments[0], arguments[1]);
            case "user" when arguments.Length >= 1:
                return TakeUser(arguments);
            case "loadmodule" when arguments.Length >= 1:
                config.Modules.Add(arguments);
                NoteWithoutEffect("loadmodule");
                return null;
            case var name when name.Contains('.'):
                _hasModuleSettings = true;
                return arguments.Length == 0 ? "Module config specified without value" : null;
            case "sentinel":
                return arguments.Length == 0 ? null : "sentinel directive while not in sentinel mode";
            default:
                return "Bad directive or wrong number of arguments";
        }
    }

    private string? Rename(string command, string newName)
    {
        _commandNames ??= CommandFamilies.All.SelectMany(family => family).Select(spec => spec.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!_commandNames.Remove(command)) return "No such command in rename-command";
        if (newName.Length > 0 && !_commandNames.Add(newName)) return "Target command name already exists";
        config.RenamedCommands.Add(new RenamedCommand(command, newName));
        return null;
    }

    // What is wrong with a line should be told beside it; the users themselves are made when there is a server.
    private string? TakeUser(string[] words)
    {
        if (config.AclUsers.Exists(user => user[0] == words[0]))
            return $"Error in user declaration '{words[0]}': Duplicate user found. A user can only be defined once in config files";
        byte[][] given = [.. words.Skip(1).Select(ByteText.ToBytes)];
        if (AclRules.Join(given, out var unclosed) is not { } joined)
            return $"Error in user declaration '{ByteText.From(given[unclosed])}': Unmatched parenthesis";
        _rules ??= new AclRules(new CommandTable(CommandFamilies.All), config, ServerLog.Silent);
        var trial = _rules.NewUser(ByteText.ToBytes(words[0]));
        foreach (var rule in joined)
        {
            var fault = _rules.Apply(trial, rule);
            if (fault != AclFault.None)
                return $"Error in user declaration '{ByteText.From(rule)}': {AclRules.Describe(fault)}";
        }

        config.AclUsers.Add(words);
        return null;
    }

    private void NoteWithoutEffect(string name)
    {
        if (!_withoutEffect.Contains(name)) _withoutEffect.Add(name);
    }

    private string? CheckWhole()
    {
        if (config.LogFile.Length > 0 && LogFileFault() is { } fault) return $"Can't open the log file: {fault}";
        if (config.ClusterEnabled && config.ReplicaOf is not null)
            return "replicaof directive not allowed in cluster mode";
        if (_hasModuleSettings && config.Modules.Count == 0)
            return "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting";
        if (config.ClusterEnabled && config.Databases > 1)
        {
            _warnings.Add($"WARNING: Changing databases number from {config.Databases} to 1 since we are in cluster mode");
            config.Correct("databases", 1);
        }

        return null;
    }

    private string? LogFileFault()
    {
        try
        {
            using FileStream file = new(config.LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return SystemErrorText.Of(e);
        }
    }
}
