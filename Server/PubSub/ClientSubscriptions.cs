namespace KestrelFree.Server.PubSub;

/// <summary>What one client subscribes to.</summary>
internal sealed class ClientSubscriptions
{
    private readonly HashSet<Channel>[] _byKind = [[], [], []];

    /// <summary>The memory of the subscriptions, in bytes.</summary>
    internal long MemoryBytes { get; set; }

    /// <summary>Channels and patterns together: the count that SUBSCRIBE replies.</summary>
    internal int Ordinary => Of(ChannelKind.Channel).Count + Of(ChannelKind.Pattern).Count;

    /// <summary>Everything it subscribes to.</summary>
    internal int Total => Ordinary + Of(ChannelKind.Shard).Count;

    /// <summary>Its subscriptions of a kind.</summary>
    internal HashSet<Channel> Of(ChannelKind kind) => _byKind[(int)kind];

    /// <summary>The count that a reply about a subscription of a kind carries.</summary>
    internal int CountFor(ChannelKind kind) => kind == ChannelKind.Shard ? Of(ChannelKind.Shard).Count : Ordinary;
}
