namespace KestrelFree.Server.Acl;

/// <summary>What a user may do to the keys of a pattern.</summary>
[Flags]
internal enum KeyAccess
{
    /// <summary>Nothing that shows or changes data: what EXISTS and TTL need.</summary>
    None = 0,

    /// <summary>Reads what users have stored.</summary>
    Read = 1,

    /// <summary>Changes, adds or deletes it.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    Full = Read | Write,
}

/// <summary>Keys that a user may use, and for what.</summary>
/// <param name="Access">What for.</param>
/// <param name="Pattern">The glob.</param>
internal readonly record struct KeyPattern(KeyAccess Access, byte[] Pattern)
{
    /// <summary>
    /// What precedes the pattern in a rule. A ~* would be read as allkeys, which no further pattern may follow, though here one can (of %R~* and
    /// %W~*).
    /// </summary>
    internal string Prefix => Access switch
    {
        KeyAccess.Read => "%R~",
        KeyAccess.Write => "%W~",
        _ => Pattern is [(byte)'*'] ? "%RW~" : "~",
    };
}
