using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Server.PubSub;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>SUBSCRIBE and its relatives, PUBLISH, SPUBLISH and PUBSUB.</summary>
internal static class PubSubCommands
{
    private const CommandFlags Subscribing = CommandFlags.PubSub | NoScript | Loading | Stale;
    private const CommandFlags Publishing = CommandFlags.PubSub | Loading | Stale | Fast | MayReplicate;
    private const CommandFlags Asking = CommandFlags.PubSub | Loading | Stale;

    internal static readonly CommandSpec[] Table =
    [
        new("subscribe", Subscribe)
        {
            Arity = -2, Flags = Subscribing, Since = "2.0.0", Group = "pubsub", Channels = ChannelArguments.All,
            Summary = "Listens to channels.", Complexity = "O(n) for n channels",
        },
        new("unsubscribe", Unsubscribe)
        {
            Arity = -1, Flags = Subscribing, Since = "2.0.0", Group = "pubsub",
            Summary = "Stops listening to channels, to all when none is named.", Complexity = "O(n) for n channels",
        },
        new("psubscribe", PSubscribe)
        {
            Arity = -2, Flags = Subscribing, Since = "2.0.0", Group = "pubsub", Channels = ChannelArguments.Patterns,
            Summary = "Listens to all channels that match patterns.", Complexity = "O(n) for n patterns",
        },
        new("punsubscribe", PUnsubscribe)
        {
            Arity = -1, Flags = Subscribing, Since = "2.0.0", Group = "pubsub",
            Summary = "Stops listening by patterns, by all when none is named.", Complexity = "O(n) for n patterns",
        },
        new("ssubscribe", SSubscribe)
        {
            Arity = -2, Flags = Subscribing, Since = "7.0.0", Group = "pubsub", Channels = ChannelArguments.All, Keys = [KeySpec.AllFrom(1, KeySpecFlags.NotKey)],
            Summary = "Listens to shard channels.", Complexity = "O(n) for n shard channels",
        },
        new("sunsubscribe", SUnsubscribe)
        {
            Arity = -1, Flags = Subscribing, Since = "7.0.0", Group = "pubsub", Keys = [KeySpec.AllFrom(1, KeySpecFlags.NotKey)],
            Summary = "Stops listening to shard channels, to all when none is named.", Complexity = "O(n) for n shard channels",
        },
        new("publish", Publish)
        {
            Arity = 3, Flags = Publishing, Since = "2.0.0", Group = "pubsub", Channels = ChannelArguments.First,
            Summary = "Sends a message to a channel.", Complexity = "O(n + m) for n subscribers of the channel and m patterns of all clients",
        },
        new("spublish", SPublish)
        {
            Arity = 3, Flags = Publishing, Since = "7.0.0", Group = "pubsub", Channels = ChannelArguments.First, Keys = [KeySpec.One(1, KeySpecFlags.NotKey)],
            Summary = "Sends a message to a shard channel.", Complexity = "O(n) for n subscribers of the shard channel",
        },
        new(
            "pubsub",
            [
                new("channels", Channels)
                {
                    Arity = -2, Flags = Asking, Since = "2.8.0", Group = "pubsub",
                    Summary = "Lists the channels that have subscribers.", Complexity = "O(n) for n channels",
                },
                new("help", Help)
                {
                    Arity = 2, Flags = Loading | Stale, Since = "6.2.0", Group = "pubsub",
                    Summary = "Describes the subcommands.", Complexity = "O(1)",
                },
                new("numpat", NumPat)
                {
                    Arity = 2, Flags = Asking, Since = "2.8.0", Group = "pubsub",
                    Summary = "Counts the patterns that clients listen by.", Complexity = "O(1)",
                },
                new("numsub", NumSub)
                {
                    Arity = -2, Flags = Asking, Since = "2.8.0", Group = "pubsub",
                    Summary = "Counts the subscribers of channels.", Complexity = "O(n) for n channels",
                },
                new("shardchannels", ShardChannels)
                {
                    Arity = -2, Flags = Asking, Since = "7.0.0", Group = "pubsub",
                    Summary = "Lists the shard channels that have subscribers.", Complexity = "O(n) for n shard channels",
                },
                new("shardnumsub", ShardNumSub)
                {
                    Arity = -2, Flags = Asking, Since = "7.0.0", Group = "pubsub",
                    Summary = "Counts the subscribers of shard channels.", Complexity = "O(n) for n shard channels",
                },
            ])
        {
            Arity = -2, Since = "2.8.0", Group = "pubsub",
            Summary = "A container for commands that look at subscriptions.", Complexity = "Depends on the subcommand",
        },
    ];

    private static void Subscribe(Client client, in ArgVector args) => SubscribeTo(client, args, ChannelKind.Channel);

    private static void PSubscribe(Client client, in ArgVector args) => SubscribeTo(client, args, ChannelKind.Pattern);

    private static void SSubscribe(Client client, in ArgVector args) => SubscribeTo(client, args, ChannelKind.Shard);

    private static void Unsubscribe(Client client, in ArgVector args) => UnsubscribeFrom(client, args, ChannelKind.Channel);

    private static void PUnsubscribe(Client client, in ArgVector args) => UnsubscribeFrom(client, args, ChannelKind.Pattern);

    private static void SUnsubscribe(Client client, in ArgVector args) => UnsubscribeFrom(client, args, ChannelKind.Shard);

    private static void SubscribeTo(Client client, in ArgVector args, ChannelKind kind)
    {
        // Shards are younger than the habit of subscribing within a transaction.
        if (client.Is(ClientFlags.DenyBlocking) && (kind == ChannelKind.Shard || !client.Is(ClientFlags.Multi)))
        {
            client.Reply.Error($"ERR {client.RunningCommand!.FullName.ToUpperInvariant()} isn't allowed for a DENY BLOCKING client");
            return;
        }

        var word = kind switch { ChannelKind.Pattern => "psubscribe"u8, ChannelKind.Shard => "ssubscribe"u8, _ => "subscribe"u8 };
        for (var i = 1; i < args.Count; i++)
        {
            client.Server.Subscriptions.Subscribe(client, kind, args[i]);
            ReplyCount(client, word, args[i], kind);
        }
    }

    private static void UnsubscribeFrom(Client client, in ArgVector args, ChannelKind kind)
    {
        var word = kind switch { ChannelKind.Pattern => "punsubscribe"u8, ChannelKind.Shard => "sunsubscribe"u8, _ => "unsubscribe"u8 };
        if (args.Count == 1)
        {
            UnsubscribeFromAll(client, word, kind);
            return;
        }

        for (var i = 1; i < args.Count; i++)
        {
            client.Server.Subscriptions.Unsubscribe(client, kind, args[i]);
            ReplyCount(client, word, args[i], kind);
        }
    }

    private static void UnsubscribeFromAll(Client client, ReadOnlySpan<byte> word, ChannelKind kind)
    {
        var channels = client.Subscriptions?.Of(kind).ToArray() ?? [];
        foreach (var channel in channels)
        {
            client.Server.Subscriptions.Unsubscribe(client, kind, channel.Name);
            ReplyCount(client, word, channel.Name, kind);
        }

        if (channels.Length != 0) return;
        var reply = client.Server.Pushes.BeginReply(client);
        reply.PushHeader(3);
        reply.Bulk(word);
        reply.Null();
        reply.Integer(client.Subscriptions?.CountFor(kind) ?? 0);
        client.Server.Pushes.EndReply(client, reply);
    }

    private static void ReplyCount(Client client, ReadOnlySpan<byte> word, ReadOnlySpan<byte> name, ChannelKind kind)
    {
        var reply = client.Server.Pushes.BeginReply(client);
        reply.PushHeader(3);
        reply.Bulk(word);
        reply.Bulk(name);
        reply.Integer(client.Subscriptions?.CountFor(kind) ?? 0);
        client.Server.Pushes.EndReply(client, reply);
    }

    private static void Publish(Client client, in ArgVector args) =>
        client.Reply.Integer(client.Server.Subscriptions.Publish(ChannelKind.Channel, args[1], args[2]));

    private static void SPublish(Client client, in ArgVector args) =>
        client.Reply.Integer(client.Server.Subscriptions.Publish(ChannelKind.Shard, args[1], args[2]));

    private static void Channels(Client client, in ArgVector args) => ListChannels(client, args, ChannelKind.Channel);

    private static void ShardChannels(Client client, in ArgVector args) => ListChannels(client, args, ChannelKind.Shard);

    private static void ListChannels(Client client, in ArgVector args, ChannelKind kind)
    {
        if (args.Count > 3)
        {
            HelpReply.PointTo(client, "PUBSUB", args[1]);
            return;
        }

        var count = 0;
        var deferred = client.Reply.BeginDeferred();
        foreach (var channel in client.Server.Subscriptions.All(kind))
        {
            if (args.Count == 3 && !Glob.IsMatch(args[2], channel.Name, CaseSensitivity.Sensitive)) continue;
            client.Reply.Bulk(channel.Name);
            count++;
        }

        client.Reply.EndDeferredArray(deferred, count);
    }

    private static void NumSub(Client client, in ArgVector args) => CountSubscribers(client, args, ChannelKind.Channel);

    private static void ShardNumSub(Client client, in ArgVector args) => CountSubscribers(client, args, ChannelKind.Shard);

    private static void CountSubscribers(Client client, in ArgVector args, ChannelKind kind)
    {
        client.Reply.ArrayHeader((args.Count - 2) * 2);
        for (var i = 2; i < args.Count; i++)
        {
            client.Reply.Bulk(args[i]);
            client.Reply.Integer(client.Server.Subscriptions.CountSubscribers(kind, args[i]));
        }
    }

    private static void NumPat(Client client, in ArgVector args) =>
        client.Reply.Integer(client.Server.Subscriptions.All(ChannelKind.Pattern).Count);

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "PUBSUB",
        "CHANNELS [<pattern>]", "    List the channels that somebody listens to, those that match if a pattern is given.",
        "NUMPAT", "    Count the patterns that clients listen by.",
        "NUMSUB [<channel> ...]", "    Count the subscribers of each channel; patterns do not count.",
        "SHARDCHANNELS [<pattern>]", "    List the shard channels that somebody listens to.",
        "SHARDNUMSUB [<shardchannel> ...]", "    Count the subscribers of each shard channel.");
}
