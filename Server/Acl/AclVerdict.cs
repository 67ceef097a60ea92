namespace KestrelFree.Server.Acl;

/// <summary>What a user lacks the right to; of several selectors' reasons the greatest is told.</summary>
internal enum AclDenial
{
    /// <summary>Nothing: the request is admitted.</summary>
    None,

    /// <summary>The command.</summary>
    Command,

    /// <summary>A key.</summary>
    Key,

    /// <summary>To be this user at all: the password was wrong.</summary>
    Auth,

    /// <summary>A channel.</summary>
    Channel,

    /// <summary>A database.</summary>
    Database,
}

/// <summary>Whether a request is admitted, and if not, for which of its arguments.</summary>
/// <param name="Denial">What is not allowed.</param>
/// <param name="Argument">The argument that names it; 0 for the command, or a database that no argument names.</param>
internal readonly record struct AclVerdict(AclDenial Denial, int Argument)
{
    /// <summary>Whether the request may run.</summary>
    internal bool IsAdmitted => Denial == AclDenial.None;
}

/// <summary>Where a request was made.</summary>
internal enum AclContext
{
    /// <summary>By a client.</summary>
    TopLevel,

    /// <summary>In a transaction.</summary>
    Multi,

    /// <summary>By a script.</summary>
    Lua,
}
