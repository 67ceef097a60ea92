using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Acl;

// A set of rights that are judged together: a request is admitted when one selector of its user admits all of it, the command, its keys, its
// channels and its databases. The first selector of a user is the root, which rules outside of parentheses change.
//
// "All" is a state of its own beside each list, since it is what nearly every user has: it costs a comparison, while a list is matched pattern by
// pattern. Adding a pattern to "all" is refused, since it would have no effect; so a list is never there at the same time.

/// <summary>Rights over commands, keys, channels and databases.</summary>
internal sealed class AclSelector
{
    private readonly List<KeyPattern> _keys = [];
    private readonly List<byte[]> _channels = [];

    // Null is all of them.
    private SortedSet<int>? _databases;

    internal AclSelector(int commandCount, AclPubSubDefault channels)
    {
        Commands = new CommandPermissions(commandCount);
        HasAllChannels = channels == AclPubSubDefault.AllChannels;
    }

    private AclSelector(AclSelector source)
    {
        Commands = source.Commands.Copy();
        _keys = [.. source._keys];
        _channels = [.. source._channels];
        _databases = source._databases is null ? null : [.. source._databases];
        HasAllKeys = source.HasAllKeys;
        HasAllChannels = source.HasAllChannels;
    }

    /// <summary>The commands.</summary>
    internal CommandPermissions Commands { get; }

    /// <summary>Whether every key may be used for everything.</summary>
    internal bool HasAllKeys { get; private set; }

    /// <summary>Whether every channel may be used.</summary>
    internal bool HasAllChannels { get; private set; }

    /// <summary>Whether every database may be used.</summary>
    internal bool HasAllDatabases => _databases is null;

    /// <summary>Whether there is nothing that it does not allow.</summary>
    internal bool IsUnrestricted => Commands.IsAll && HasAllKeys && HasAllChannels && HasAllDatabases;

    /// <summary>The patterns of keys; none when all are allowed.</summary>
    internal IReadOnlyList<KeyPattern> Keys => _keys;

    /// <summary>The patterns of channels; none when all are allowed.</summary>
    internal IReadOnlyList<byte[]> Channels => _channels;

    /// <summary>The databases, in order; none when all are allowed.</summary>
    internal IEnumerable<int> Databases => _databases ?? [];

    /// <summary>The same rights, to be changed apart from these.</summary>
    internal AclSelector Copy() => new(this);

    /// <summary>Allows every key.</summary>
    internal void AllowAllKeys()
    {
        HasAllKeys = true;
        _keys.Clear();
    }

    /// <summary>Takes all keys away.</summary>
    internal void ResetKeys()
    {
        HasAllKeys = false;
        _keys.Clear();
    }

    /// <summary>Allows the keys of a pattern; of one that is known the access grows.</summary>
    internal void AddKeys(ReadOnlySpan<byte> pattern, KeyAccess access)
    {
        for (var i = 0; i < _keys.Count; i++)
        {
            if (!pattern.SequenceEqual(_keys[i].Pattern)) continue;
            _keys[i] = _keys[i] with { Access = _keys[i].Access | access };
            return;
        }

        _keys.Add(new KeyPattern(access, pattern.ToArray()));
    }

    /// <summary>Allows every channel.</summary>
    internal void AllowAllChannels()
    {
        HasAllChannels = true;
        _channels.Clear();
    }

    /// <summary>Takes all channels away.</summary>
    internal void ResetChannels()
    {
        HasAllChannels = false;
        _channels.Clear();
    }

    /// <summary>Allows the channels of a pattern.</summary>
    internal void AddChannels(ReadOnlySpan<byte> pattern)
    {
        if (!Names(pattern)) _channels.Add(pattern.ToArray());
    }

    /// <summary>Allows every database.</summary>
    internal void AllowAllDatabases() => _databases = null;

    /// <summary>Allows these databases and no others.</summary>
    internal void SetDatabases(IEnumerable<int> databases) => _databases = [.. databases];

    /// <summary>Whether a database may be used.</summary>
    internal bool AllowsDatabase(int index) => _databases is null || _databases.Contains(index);

    /// <summary>Whether a key may be used in some way. O(patterns).</summary>
    internal bool AllowsKey(ReadOnlySpan<byte> key, KeyAccess access)
    {
        if (HasAllKeys) return true;
        foreach (var pattern in _keys)
        {
            if ((pattern.Access & access) == access && Glob.IsMatch(pattern.Pattern, key, CaseSensitivity.Sensitive)) return true;
        }

        return false;
    }

    /// <summary>Whether every key there may ever be may be used in some way.</summary>
    internal bool AllowsEveryKey(KeyAccess access)
    {
        if (HasAllKeys) return true;
        foreach (var pattern in _keys)
        {
            if ((pattern.Access & access) == access && pattern.Pattern.AsSpan().SequenceEqual("*"u8)) return true;
        }

        return false;
    }

    /// <summary>Whether a channel may be used. O(patterns).</summary>
    internal bool AllowsChannel(ReadOnlySpan<byte> channel)
    {
        if (HasAllChannels) return true;
        foreach (var pattern in _channels)
        {
            if (Glob.IsMatch(pattern, channel, CaseSensitivity.Sensitive)) return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a pattern may be subscribed to: only one that is named in the same words, since two patterns are not easily compared.
    /// </summary>
    internal bool AllowsChannelPattern(ReadOnlySpan<byte> pattern) => HasAllChannels || Names(pattern);

    private bool Names(ReadOnlySpan<byte> pattern)
    {
        foreach (var known in _channels)
        {
            if (pattern.SequenceEqual(known)) return true;
        }

        return false;
    }
}
