using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

/// <summary>What a write does to a key's expiry.</summary>
public readonly struct Expiry
{
    private const long KeepMark = -1;
    private readonly long _mark; // 0 = none, so that it is the default; otherwise the time + 1

    private Expiry(long mark) => _mark = mark;

    /// <summary>The key does not expire, whether or not it did.</summary>
    public static Expiry None => default;

    /// <summary>The key keeps the expiry that it has; a new one has none.</summary>
    public static Expiry Keep => new(KeepMark);

    /// <summary>The key expires at a time, in unix ms; a time in the past is stored as it is (a negative one as 0).</summary>
    public static Expiry At(long unixMs) => new(Math.Clamp(unixMs, 0, long.MaxValue - 1) + 1);

    /// <summary>The expiry of a key that had this one, or <see cref="Entry.NoExpiry"/>.</summary>
    internal long Resolve(long old) => _mark switch
    {
        0 => Entry.NoExpiry,
        KeepMark => old,
        _ => _mark - 1,
    };
}

/// <summary>How a string is stored that a command has made.</summary>
public enum StringForm
{
    /// <summary>As SET does: an integer is stored as one.</summary>
    Compact,

    /// <summary>As text, even if it is a number.</summary>
    Text,

    /// <summary>As APPEND leaves it: raw, however short.</summary>
    Raw,
}

/// <summary>Whether looking a key up counts as using it.</summary>
public enum Touch
{
    /// <summary>Its access clock is set.</summary>
    Yes,

    /// <summary>Its access clock stays as it is.</summary>
    No,

    /// <summary>As <see cref="No"/>, and if it is missing nobody is told.</summary>
    Unseen,
}

/// <summary>
/// When emptying a database frees the memory. Either way no key is left when the call returns, and used memory counts without them.
/// </summary>
public enum FlushMode
{
    /// <summary>
    /// Before the call returns if there are few keys; else in slices too. (Redis frees everything first. What a client can tell is that no key
    /// is left and that used memory has fallen; both hold. That everybody waits meanwhile is nothing to be kept.)
    /// </summary>
    Sync,

    /// <summary>In slices of <see cref="Keyspace.RunMaintenance"/>.</summary>
    Async,
}

/// <summary>What becomes of keys whose time has come.</summary>
public enum ExpiredKeys
{
    /// <summary>Looking one up deletes it.</summary>
    Delete,

    /// <summary>Reads do not see them, and they stay until somebody else deletes them: a replica, or a paused server.</summary>
    Hide,

    /// <summary>They are as good as others: who replays what was done must find what was there.</summary>
    Show,
}
