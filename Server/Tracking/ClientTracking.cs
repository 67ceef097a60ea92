using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Tracking;

/// <summary>Which keys a tracking client is told of.</summary>
internal enum TrackingMode
{
    /// <summary>Those that its commands have read.</summary>
    Default,

    /// <summary>Those that a command has read behind CLIENT CACHING YES.</summary>
    OptIn,

    /// <summary>Those that its commands have read, except behind CLIENT CACHING NO.</summary>
    OptOut,

    /// <summary>All that begin with its prefixes, read or not.</summary>
    Broadcast,
}

/// <summary>Whether a client is told of its own changes.</summary>
internal enum OwnChanges
{
    /// <summary>It is told.</summary>
    Told,

    /// <summary>NOLOOP: it knows them anyhow.</summary>
    Untold,
}

/// <summary>What CLIENT TRACKING ON has asked for.</summary>
/// <param name="Mode">Which keys.</param>
/// <param name="Own">Whether own changes are among them.</param>
/// <param name="RedirectId">The client that is told in its place; 0 is itself.</param>
internal readonly record struct TrackingOptions(TrackingMode Mode, OwnChanges Own, long RedirectId);

/// <summary>The tracking of one client.</summary>
internal sealed class ClientTracking
{
    /// <summary>What it asked for.</summary>
    internal TrackingOptions Options { get; set; }

    /// <summary>The prefixes that it is told of, in their order; only with <see cref="TrackingMode.Broadcast"/>.</summary>
    internal SortedSet<byte[]> Prefixes { get; } = new(KeyOrder.Comparer);

    /// <summary>The memory of the prefixes, in bytes.</summary>
    internal long PrefixBytes { get; set; }

    /// <summary>Whether CLIENT CACHING has been called for the next command.</summary>
    internal bool IsCachingGiven { get; set; }

    /// <summary>Whether the client that it redirects to was found gone.</summary>
    internal bool IsRedirectBroken { get; set; }

    /// <summary>Whether the keys that the running command reads are to be remembered.</summary>
    internal bool RemembersReads => Options.Mode switch
    {
        TrackingMode.Default => true,
        TrackingMode.OptIn => IsCachingGiven,
        TrackingMode.OptOut => !IsCachingGiven,
        _ => false,
    };

    /// <summary>Whether a change by a client is not to be told.</summary>
    internal bool Ignores(Client self, Client? changer) => self == changer && Options.Own == OwnChanges.Untold;
}

/// <summary>Orders keys by their bytes.</summary>
internal sealed class KeyOrder : IComparer<byte[]>
{
    /// <summary>The one instance.</summary>
    internal static readonly KeyOrder Comparer = new();

    /// <inheritdoc/>
    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
