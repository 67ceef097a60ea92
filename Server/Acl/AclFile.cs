using System.Text;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Acl;

// Where users come from when the server starts: the user lines of its configuration or the file that aclfile names, not both. A line of either is
//
//     user <name> <rule> ...
//
// The file is Redis's own: no comments and no quotes, words parted by single spaces, since ACL SAVE writes it anew. All of it is read before any
// of it counts, and what is wrong with it is told line by line.

/// <summary>Loads and saves users.</summary>
internal sealed class AclFile
{
    private readonly RedisServer _server;
    private readonly AclRules _rules;

    internal AclFile(RedisServer server, AclRules rules)
    {
        _server = server;
        _rules = rules;
    }

    /// <summary>Whether there is a file to load from and to save to.</summary>
    internal bool IsConfigured => _server.Config.AclFile.Length > 0;

    /// <summary>Loads the users that the server starts with; false, and logged, when something is wrong with them.</summary>
    internal bool LoadAtStart()
    {
        if (IsConfigured && _server.Config.AclUsers.Count > 0)
        {
            _server.Log.Warning(
                "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to " +
                "configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.");
            return false;
        }

        foreach (var words in _server.Config.AclUsers)
        {
            if (TryConfigure(words)) continue;
            _server.Log.Warning("Critical error while loading ACLs. Exiting.");
            return false;
        }

        if (!IsConfigured || Load() is not { } errors) return true;
        _server.Log.Warning($"Aborting Redis startup because of ACL errors: {ByteText.ToUnicode(errors)}");
        return false;
    }

    /// <summary>Replaces all users by those of the file; gives what is wrong with it, and nothing has changed then.</summary>
    internal string? Load()
    {
        var path = _server.Config.AclFile;
        string[] lines;
        try
        {
            lines = ByteText.From(File.ReadAllBytes(path)).Split('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Error loading ACLs, opening file '{path}': {SystemErrorText.Of(e)}";
        }

        var users = new Dictionary<byte[], User>(ByteKeys.Comparer);
        var errors = new StringBuilder();
        for (var i = 0; i < lines.Length; i++) TakeLine(lines[i].Trim(' ', '\t', '\r', '\n'), $"{path}:{i + 1}", users, errors);
        if (errors.Length > 0) return errors.Append("WARNING: ACL errors detected, no change to the previously active ACL rules was performed").ToString();
        _server.Users.ReplaceAll(users);
        return null;
    }

    /// <summary>Writes all users to the file; false, and logged, when that failed.</summary>
    internal bool TrySave()
    {
        try
        {
            var content = new StringBuilder();
            foreach (var line in _server.Users.Lines) content.Append("user ").Append(line).Append('\n');
            AtomicFile.Replace(Path.GetFullPath(_server.Config.AclFile), ByteText.ToBytes(content.ToString()));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _server.Log.Warning($"Writing ACL file for ACL SAVE: {SystemErrorText.Of(e)}");
            return false;
        }
    }

    private bool TryConfigure(string[] words)
    {
        var name = ByteText.ToBytes(words[0]);
        if (AclRules.HasBlanks(name))
        {
            _server.Log.Warning("Spaces not allowed in ACL usernames");
            return false;
        }

        // The default user is there already: what is configured takes its place.
        if (name.AsSpan().SequenceEqual("default"u8)) _rules.Reset(_server.Users.Default);
        if (_server.Users.TrySet(name, [.. words.Skip(1).Select(ByteText.ToBytes)]) is { } error)
        {
            _server.Log.Warning($"Error loading the ACL rules of the user named '{ByteText.ToUnicode(words[0])}': {ByteText.ToUnicode(error)}");
            return false;
        }

        if (!_server.Users.Find(name)!.IsEnabled)
        {
            _server.Log.Notice(
                $"The user '{ByteText.ToUnicode(words[0])}' is disabled (there is no 'on' modifier in the user description). " +
                "Make sure this is not a configuration error.");
        }

        return true;
    }

    private void TakeLine(string line, string place, Dictionary<byte[], User> users, StringBuilder errors)
    {
        if (line.Length == 0) return;
        var words = line.Split(' ');
        if (words[0] != "user" || words.Length < 2)
        {
            errors.Append(place).Append(" should start with user keyword followed by the username. ");
            return;
        }

        var name = ByteText.ToBytes(words[1]);
        if (AclRules.HasBlanks(name))
        {
            errors.Append('\'').Append(place).Append(": username '").Append(words[1]).Append("' contains invalid characters. ");
            return;
        }

        if (users.ContainsKey(name))
        {
            errors.Append("WARNING: Duplicate user '").Append(words[1]).Append("' found on line ").Append(place.AsSpan(place.LastIndexOf(':') + 1)).Append(". ");
            return;
        }

        var user = _rules.NewUser(name);
        users.Add(name, user);
        ApplyAll(user, [.. words.Skip(2).Select(ByteText.ToBytes)], place, errors);
    }

    // Of all that is wrong with a line, unknown commands are told, and the first other fault without its rule, which may hold a password.
    private void ApplyAll(User user, byte[][] words, string place, StringBuilder errors)
    {
        if (AclRules.Join(words, out _) is not { } rules)
        {
            errors.Append(place).Append(": Unmatched parenthesis in selector definition.");
            return;
        }

        var isTold = false;
        foreach (var rule in rules)
        {
            var fault = _rules.Apply(user, rule.AsSpan().Trim("\t\r\n"u8));
            if (fault == AclFault.UnknownCommand)
                errors.Append(place).Append(": Error in applying operation '").Append(ByteText.From(rule)).Append("': ").Append(AclRules.Describe(fault)).Append(". ");
            else if (fault != AclFault.None && !isTold)
                errors.Append(place).Append(": ").Append(AclRules.Describe(fault)).Append(". ");
            isTold |= fault is not (AclFault.None or AclFault.UnknownCommand);
        }
    }
}
