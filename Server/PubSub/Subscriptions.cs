using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Notifications;

namespace KestrelFree.Server.PubSub;

// Who subscribes to what, and publishing.
//
//     channel name  -> channel -> subscribers        exact: one look-up, O(1)
//     pattern       -> channel -> subscribers        every pattern is matched against every published channel, O(patterns)
//     shard channel -> channel -> subscribers        exact, apart from the first
//
// A message is encoded once for each protocol version that a subscriber speaks and shared by all of them (SharedReply). A channel exists
// while somebody subscribes to it. A subscriber that does not read is cut by client-output-buffer-limit pubsub, which is
// judged where replies are scheduled; the publisher never notices.

/// <summary>All subscriptions. Subscribing and unsubscribing are O(1), publishing is O(subscribers + patterns).</summary>
internal sealed class Subscriptions : INotificationReceiver
{
    private const int StackNameBytes = 256;

    // The entry of the table, the channel and its name, the set of subscribers and its entry, the entry of the client's set.
    private const int SubscriptionBytes = 320;

    private readonly RedisServer _server;
    private readonly Dictionary<byte[], Channel>[] _byKind =
        [new(ByteKeys.Comparer), new(ByteKeys.Comparer), new(ByteKeys.Comparer)];

    private readonly ReplyWriter _encoder;

    internal Subscriptions(RedisServer server)
    {
        _server = server;
        _encoder = new ReplyWriter(new ReplyBuffer(server.Buffers));
    }

    /// <summary>Clients that subscribe to anything.</summary>
    internal int ClientCount { get; private set; }

    /// <summary>The channels or patterns of a kind that somebody subscribes to.</summary>
    internal IReadOnlyCollection<Channel> All(ChannelKind kind) => _byKind[(int)kind].Values;

    /// <summary>How many clients subscribe to a name.</summary>
    internal int CountSubscribers(ChannelKind kind, ReadOnlySpan<byte> name) => Find(kind, name)?.Subscribers.Count ?? 0;

    /// <summary>Subscribes a client; nothing changes when it does already.</summary>
    internal void Subscribe(Client client, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        var channels = _byKind[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!channels.TryGetValue(name, out var channel))
        {
            channel = new Channel(kind, name.ToArray());
            channels[name] = channel;
        }

        client.Subscriptions ??= new ClientSubscriptions();
        if (channel.Subscribers.Add(client)) client.Subscriptions.MemoryBytes += SubscriptionBytes + name.Length;
        client.Subscriptions.Of(kind).Add(channel);
        if (client.Is(ClientFlags.PubSub)) return;
        client.Flags |= ClientFlags.PubSub;
        ClientCount++;
    }

    /// <summary>Ends a subscription; nothing changes when there is none.</summary>
    internal void Unsubscribe(Client client, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        if (client.Subscriptions is { } own && Find(kind, name) is { } channel && own.Of(kind).Remove(channel)) Leave(client, channel);
    }

    /// <summary>Ends all of a client's subscriptions without a word to it.</summary>
    internal void UnsubscribeAll(Client client)
    {
        if (client.Subscriptions is not { } own) return;
        foreach (var kind in Enum.GetValues<ChannelKind>())
        {
            foreach (var channel in own.Of(kind).ToArray()) Unsubscribe(client, kind, channel.Name);
        }
    }

    /// <summary>Sends a message to a channel's subscribers and, unless it is a shard's, to those of matching patterns; returns to how many.</summary>
    internal int Publish(ChannelKind kind, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        var receivers = 0;
        if (Find(kind, channel) is { } found)
        {
            var encoded = default(EncodedMessage);
            foreach (var client in found.Subscribers)
            {
                _server.Pushes.Push(client, Encoded(ref encoded, client.Reply.Version, found, channel, message));
                receivers++;
            }
        }

        return kind == ChannelKind.Shard ? receivers : receivers + PublishToPatterns(channel, message);
    }

    /// <inheritdoc/>
    public void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key)
    {
        if (_byKind[(int)ChannelKind.Channel].Count + _byKind[(int)ChannelKind.Pattern].Count == 0) return;
        if ((channels & NotifyClasses.Keyspace) != 0) PublishEvent("__keyspace@"u8, databaseIndex, key, what);
        if ((channels & NotifyClasses.Keyevent) != 0) PublishEvent("__keyevent@"u8, databaseIndex, what, key);
    }

    private void PublishEvent(ReadOnlySpan<byte> prefix, int databaseIndex, ReadOnlySpan<byte> about, ReadOnlySpan<byte> message)
    {
        var most = prefix.Length + Numbers.MaxIntegerBytes + 3 + about.Length;
        var name = most <= StackNameBytes ? stackalloc byte[StackNameBytes] : new byte[most];
        prefix.CopyTo(name);
        var length = prefix.Length;
        length += Numbers.FormatInteger(name[length..], databaseIndex);
        "__:"u8.CopyTo(name[length..]);
        length += 3;
        about.CopyTo(name[length..]);
        Publish(ChannelKind.Channel, name[..(length + about.Length)], message);
    }

    private int PublishToPatterns(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        var receivers = 0;
        foreach (var pattern in _byKind[(int)ChannelKind.Pattern].Values)
        {
            if (!Glob.IsMatch(pattern.Name, channel, CaseSensitivity.Sensitive)) continue;
            var encoded = default(EncodedMessage);
            foreach (var client in pattern.Subscribers)
            {
                _server.Pushes.Push(client, Encoded(ref encoded, client.Reply.Version, pattern, channel, message));
                receivers++;
            }
        }

        return receivers;
    }

    private Channel? Find(ChannelKind kind, ReadOnlySpan<byte> name) =>
        _byKind[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var channel) ? channel : null;

    private void Leave(Client client, Channel channel)
    {
        channel.Subscribers.Remove(client);
        client.Subscriptions!.MemoryBytes -= SubscriptionBytes + channel.Name.Length;
        if (channel.Subscribers.Count == 0) _byKind[(int)channel.Kind].Remove(channel.Name);
        if (client.Subscriptions!.Total != 0) return;
        client.Flags &= ~ClientFlags.PubSub;
        ClientCount--;
    }

    private SharedReply Encoded(ref EncodedMessage encoded, int version, Channel via, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        if (version == 2) return encoded.Resp2 ??= Encode(2, via, channel, message);
        return encoded.Resp3 ??= Encode(3, via, channel, message);
    }

    private SharedReply Encode(int version, Channel via, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        _encoder.Version = version;
        _encoder.PushHeader(via.Kind == ChannelKind.Pattern ? 4 : 3);
        _encoder.Bulk(via.Kind switch { ChannelKind.Pattern => "pmessage"u8, ChannelKind.Shard => "smessage"u8, _ => "message"u8 });
        if (via.Kind == ChannelKind.Pattern) _encoder.Bulk(via.Name);
        _encoder.Bulk(channel);
        _encoder.Bulk(message);
        return _encoder.Buffer.ToShared();
    }

    /// <summary>One message in the versions that were needed so far.</summary>
    private struct EncodedMessage
    {
        internal SharedReply? Resp2;
        internal SharedReply? Resp3;
    }
}
