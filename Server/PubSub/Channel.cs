using KestrelFree.Server.Networking;

namespace KestrelFree.Server.PubSub;

/// <summary>The three spaces of names that clients subscribe to.</summary>
internal enum ChannelKind
{
    /// <summary>Channels by their exact name.</summary>
    Channel,

    /// <summary>Patterns over the names of channels.</summary>
    Pattern,

    /// <summary>Channels that live where a cluster keeps the key of their name.</summary>
    Shard,
}

/// <summary>A channel or pattern that somebody subscribes to.</summary>
/// <param name="Kind">Its space of names.</param>
/// <param name="Name">The name or pattern.</param>
internal sealed record Channel(ChannelKind Kind, byte[] Name)
{
    /// <summary>Who subscribes to it.</summary>
    internal HashSet<Client> Subscribers { get; } = [];
}
