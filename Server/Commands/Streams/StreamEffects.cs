using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// XADD and XTRIM are propagated with the id that was chosen, and to the length that was left, since where trimming stops depends on the nodes.
//
// Which entries a consumer gets, and when, hangs on the clock and on what others did meanwhile. So reading and claiming are propagated entry by
// entry, as an XCLAIM that says all that is known of a pending entry, and the group's progress as an XGROUP SETID.

/// <summary>What the commands on streams are propagated as.</summary>
internal static class StreamEffects
{
    /// <summary>Propagates XADD.</summary>
    internal static void PropagateAdd(Client client, in ArgVector args, in StreamAddOptions options, StreamId id, long length)
    {
        if (!client.Propagation.IsGathering) return;
        Span<byte> text = stackalloc byte[StreamId.MaxText];
        var given = args.From(options.IdAt + 1);
        var trimWords = options.Trim is { } trim ? TrimWords(trim.References) : 0;
        var effect = client.Propagation.Instead(3 + given.Count + trimWords).Argument("XADD"u8).Argument(args[1]);
        if (trimWords > 0) AddTrim(effect, options.Trim!.Value.References, length);
        effect.Argument(text[..id.Format(text)]);
        for (var i = 0; i < given.Count; i++) effect.Argument(given[i]);
    }

    /// <summary>Propagates XTRIM.</summary>
    internal static void PropagateTrim(Client client, ReadOnlySpan<byte> key, ReferencePolicy references, long length) =>
        AddTrim(client.Propagation.Instead(2 + TrimWords(references)).Argument("XTRIM"u8).Argument(key), references, length);

    /// <summary>Propagates that a consumer came into being with the first command in its name.</summary>
    internal static void PropagateConsumer(Client client, ReadOnlySpan<byte> key, ConsumerGroup group, Consumer consumer) =>
        client.Propagation.Instead(5).Argument("XGROUP"u8).Argument("CREATECONSUMER"u8).Argument(key).Argument(group.Name).Argument(consumer.Name);

    /// <summary>Propagates up to where a group has read.</summary>
    internal static void PropagateProgress(Client client, ReadOnlySpan<byte> key, ConsumerGroup group)
    {
        if (!client.Propagation.IsGathering) return;
        Span<byte> text = stackalloc byte[StreamId.MaxText];
        client.Propagation.Instead(7).Argument("XGROUP"u8).Argument("SETID"u8).Argument(key).Argument(group.Name)
            .Argument(text[..group.LastId.Format(text)]).Argument("ENTRIESREAD"u8).Argument(group.EntriesRead);
    }

    /// <summary>Propagates what is known of a pending entry: whom it was delivered to, when, and how often.</summary>
    internal static void PropagatePending(Client client, ReadOnlySpan<byte> key, ConsumerGroup group, StreamId id)
    {
        if (!client.Propagation.IsGathering || !group.TryGetPending(id, out var entry)) return;
        Span<byte> text = stackalloc byte[StreamId.MaxText];
        Span<byte> last = stackalloc byte[StreamId.MaxText];
        client.Propagation.Instead(14).Argument("XCLAIM"u8).Argument(key).Argument(group.Name).Argument(entry.Consumer).Argument(0)
            .Argument(text[..id.Format(text)]).Argument("TIME"u8).Argument(entry.DeliveredMs).Argument("RETRYCOUNT"u8).Argument(entry.Deliveries)
            .Argument("FORCE"u8).Argument("JUSTID"u8).Argument("LASTID"u8).Argument(last[..group.LastId.Format(last)]);
    }

    /// <summary>Propagates that an entry is pending no more.</summary>
    internal static void PropagateAcknowledged(Client client, ReadOnlySpan<byte> key, ConsumerGroup group, StreamId id)
    {
        if (!client.Propagation.IsGathering) return;
        Span<byte> text = stackalloc byte[StreamId.MaxText];
        client.Propagation.Instead(4).Argument("XACK"u8).Argument(key).Argument(group.Name).Argument(text[..id.Format(text)]);
    }

    private static int TrimWords(ReferencePolicy references) => references == ReferencePolicy.Keep ? 3 : 4;

    private static void AddTrim(EffectWriter effect, ReferencePolicy references, long length)
    {
        effect.Argument("MAXLEN"u8).Argument("="u8).Argument(length);
        if (references == ReferencePolicy.Delete) effect.Argument("DELREF"u8);
        else if (references == ReferencePolicy.Acked) effect.Argument("ACKED"u8);
    }
}
