using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>What XADD and XTRIM are propagated as: with the id that was chosen, and to the length that was left, since where trimming stops depends on the nodes.</summary>
internal static class StreamEffects
{
    /// <summary>Propagates XADD.</summary>
    internal static void PropagateAdd(Client client, in ArgVector args, in StreamAddOptions options, StreamId id, long length)
    {
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

    private static int TrimWords(ReferencePolicy references) => references == ReferencePolicy.Keep ? 3 : 4;

    private static void AddTrim(EffectWriter effect, ReferencePolicy references, long length)
    {
        effect.Argument("MAXLEN"u8).Argument("="u8).Argument(length);
        if (references == ReferencePolicy.Delete) effect.Argument("DELREF"u8);
        else if (references == ReferencePolicy.Acked) effect.Argument("ACKED"u8);
    }
}
