using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>Which end elements are popped at: LEFT or MIN, RIGHT or MAX.</summary>
internal enum PopEnd
{
    /// <summary>The head of a list, the lowest scores.</summary>
    First,

    /// <summary>The tail of a list, the highest scores.</summary>
    Last,
}

/// <summary>Pops from a collection that exists at a key, and replies the key with what was popped.</summary>
internal delegate void PopFrom<T>(Client client, ReadOnlySpan<byte> key, ref T value, MultiPop pop)
    where T : allows ref struct;

/// <summary>A pop from the first of several keys that holds something: LMPOP, ZMPOP, and all that wait.</summary>
/// <param name="FirstKey">The argument that is the first key.</param>
/// <param name="KeyCount">How many follow each other from there.</param>
/// <param name="End">At which end elements are taken.</param>
/// <param name="Count">How many at most, in an array; null for one that is not.</param>
internal readonly record struct MultiPop(int FirstKey, int KeyCount, PopEnd End, long? Count)
{
    /// <summary>Reads numkeys, which is this argument, the keys, the end by its name and COUNT.</summary>
    internal static bool TryParseOrReply(
        Client client, in ArgVector args, int at, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last, out MultiPop pop)
    {
        pop = default;
        if (!Numbers.TryParseInteger(args[at], out var keys) || keys < 1)
        {
            client.Reply.Error("ERR numkeys should be greater than 0"u8);
            return false;
        }

        var isComplete = keys < args.Count - at - 1;
        var where = isComplete ? at + 1 + (int)keys : 0;
        if (!isComplete || !(args[where].Is(first) || args[where].Is(last)))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        if (!TryCountOrReply(client, args, where + 1, out var count)) return false;
        pop = new MultiPop(at + 1, (int)keys, args[where].Is(first) ? PopEnd.First : PopEnd.Last, count);
        return true;
    }

    /// <summary>Pops, or replies nil when none of the keys exists.</summary>
    internal void PopOrReplyNull<T>(Client client, in ArgVector args, PopFrom<T> popFrom)
        where T : ICollectionRef<T>, allows ref struct
    {
        if (!TryPopFirst(client, args, popFrom)) client.Reply.NullArray();
    }

    /// <summary>Pops, or waits when none of the keys exists; this argument is the timeout in seconds.</summary>
    internal void PopOrBlock<T>(Client client, in ArgVector args, int timeout, PopFrom<T> popFrom)
        where T : ICollectionRef<T>, allows ref struct
    {
        if (!ArgumentParsing.TryTimeoutSecondsOrReply(client, args[timeout], out var timeoutMs)) return;
        if (!TryPopFirst(client, args, popFrom)) client.Server.KeyWaits.Block(client, args, FirstKey, KeyCount, new KeyWait(T.Type), timeoutMs);
    }

    /// <summary>Propagates it as a pop that neither chooses nor waits, from a key with so many elements.</summary>
    internal void Propagate(Client client, ReadOnlySpan<byte> command, ReadOnlySpan<byte> key, long elements)
    {
        var effect = client.Propagation.Instead(Count is null ? 2 : 3).Argument(command).Argument(key);
        if (Count is { } count) effect.Argument(Math.Min(count, elements));
    }

    // False, and nothing replied, if none of the keys exists. A key of another type before the first that fits is an error.
    private bool TryPopFirst<T>(Client client, in ArgVector args, PopFrom<T> popFrom)
        where T : ICollectionRef<T>, allows ref struct
    {
        for (var i = FirstKey; i < FirstKey + KeyCount; i++)
        {
            if (!CollectionKeys.TryWriteOrReply(client, args[i], out T value)) return true;
            if (!value.Exists) continue;
            popFrom(client, args[i], ref value, this);
            return true;
        }

        return false;
    }

    private static bool TryCountOrReply(Client client, in ArgVector args, int at, out long count)
    {
        count = 1;
        if (at == args.Count) return true;
        if (!args[at].Is("count"u8) || at + 1 == args.Count)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        if (!Numbers.TryParseInteger(args[at + 1], out count) || count < 1)
        {
            client.Reply.Error("ERR count should be greater than 0"u8);
            return false;
        }

        if (at + 2 == args.Count) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }
}
