namespace KestrelFree.Server.Persistence;

/// <summary>Whether effects are written, and where.</summary>
internal enum AofState
{
    /// <summary>They are not.</summary>
    Off,

    /// <summary>They are, behind a base that is whole.</summary>
    On,

    /// <summary>They are, once a rewrite runs, beside the base that it makes: the file was turned on while the server ran.</summary>
    AwaitsRewrite,
}
