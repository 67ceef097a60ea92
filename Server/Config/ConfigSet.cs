using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Config;

/// <summary>What the server is doing, as far as directives mind.</summary>
internal enum ServerPhase
{
    /// <summary>Serving.</summary>
    Running,

    /// <summary>Loading its data set.</summary>
    Loading,
}

/// <summary>Where a client sits.</summary>
internal enum ClientOrigin
{
    /// <summary>On this machine: loopback or a Unix socket.</summary>
    Local,

    /// <summary>Anywhere else.</summary>
    Remote,
}

// CONFIG SET takes several directives and sets all of them or none:
//
//   1. every name is looked up and may be set now (not immutable, not protected, not twice);
//   2. all values are taken, each checked by its directive; the first refusal puts the old values back;
//   3. what registered for a changed directive is applied, each registration once, in the order of the arguments; if one fails, the old values
//      are put back and every registration is applied again, so that what had already moved moves back.
//
// The backup is a copy of the value arrays. One directive lives outside of them, dir, and returns by Directive.AfterRestore.

/// <summary>CONFIG SET without a client.</summary>
internal sealed class ConfigSet
{
    private readonly ServerConfig _config;
    private readonly ServerLog _log;
    private readonly ConfigValues _backup;
    private readonly List<(string Name, Directive Directive, string Value)> _changes = [];
    private readonly List<(string Name, ApplyChange Apply)> _applies = [];

    private ConfigSet(ServerConfig config, ServerLog log)
    {
        _config = config;
        _log = log;
        _backup = config.Values.Copy();
    }

    /// <summary>Sets the directives named to the values that follow their names, all or none.</summary>
    public static ConfigReply Execute(
        ServerConfig config, ServerLog log, ReadOnlySpan<string> namesAndValues, ServerPhase phase, ClientOrigin origin)
    {
        if (namesAndValues.Length % 2 != 0) return new ConfigReply("ERR syntax error");
        var set = new ConfigSet(config, log);
        return new ConfigReply(set.Collect(namesAndValues, phase, origin) ?? set.Assign() ?? set.Apply());
    }

    /// <summary>Whether what follows a name is a secret that logs, MONITOR and SLOWLOG must not show.</summary>
    public static bool IsSensitive(string name) => DirectiveTable.Find(name)?.Has(DirectiveFlags.Sensitive) ?? false;

    private static string Failed(string name, string reason) =>
        $"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}";

    private string? Collect(ReadOnlySpan<string> namesAndValues, ServerPhase phase, ClientOrigin origin)
    {
        for (var i = 0; i < namesAndValues.Length; i += 2)
        {
            var name = namesAndValues[i];
            if (DirectiveTable.Find(name) is not { } directive)
                return $"ERR Unknown option or number of arguments for CONFIG SET - '{name}'";
            if (directive.Has(DirectiveFlags.Immutable)) return Failed(name, "can't set immutable config");
            if (directive.Has(DirectiveFlags.Protected) && !MayChangeProtected(origin))
                return Failed(name, "can't set protected config");
            if (phase == ServerPhase.Loading && directive.Has(DirectiveFlags.DenyLoading))
                return "LOADING Redis is loading the dataset in memory";

            // A directive and its alias are two parameters to Redis: only the same name twice is refused.
            if (_changes.Exists(change => change.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                return Failed(name, "duplicate parameter");
            var ownName = name.Equals(directive.Alias, StringComparison.OrdinalIgnoreCase) ? directive.Alias : directive.Name;
            _changes.Add((ownName, directive, namesAndValues[i + 1]));
        }

        return null;
    }

    private bool MayChangeProtected(ClientOrigin origin) =>
        _config.EnableProtectedConfigs == ProtectedAction.Yes ||
        (_config.EnableProtectedConfigs == ProtectedAction.Local && origin == ClientOrigin.Local);

    private string? Assign()
    {
        foreach ((var name, var directive, var value) in _changes)
        {
            var assignment = new Assignment(_config.Values, AssignmentOrigin.ConfigSet);
            var result = directive.Assign(assignment, ArgumentsOf(directive, value));
            if (result == AssignResult.Refused)
            {
                Restore();
                return Failed(name, assignment.Error!);
            }

            if (assignment.Warning is { } warning) _log.Warning(warning);
            if (result == AssignResult.Changed && _config.ApplyOf(directive) is { } apply && !_applies.Exists(a => a.Apply == apply))
                _applies.Add((name, apply));
        }

        return null;
    }

    private static string[] ArgumentsOf(Directive directive, string value)
    {
        if (!directive.Has(DirectiveFlags.MultiArgument)) return [value];
        return value.Length > 0 ? value.Split(' ') : [];
    }

    private string? Apply()
    {
        foreach ((var name, var apply) in _applies)
        {
            if (apply(_config) is not { } reason) continue;
            _log.Warning($"Failed applying new configuration. Possibly related to new {name} setting. Restoring previous settings.");
            Restore();
            ApplyRestored();
            return Failed(name, reason);
        }

        return null;
    }

    private void Restore()
    {
        _config.Values.CopyFrom(_backup);
        foreach ((_, var directive, _) in _changes)
            directive.AfterRestore(_config.Values);
    }

    private void ApplyRestored()
    {
        foreach ((_, var apply) in _applies)
        {
            if (apply(_config) is { } reason)
                _log.Warning($"Failed applying restored failed CONFIG SET command: {reason}");
        }
    }
}
