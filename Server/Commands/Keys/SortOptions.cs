using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>In which direction SORT sorts.</summary>
internal enum SortDirection
{
    /// <summary>The least first.</summary>
    Ascending,

    /// <summary>The greatest first.</summary>
    Descending,
}

/// <summary>Whether SORT may store what it finds.</summary>
internal enum SortVariant
{
    /// <summary>SORT.</summary>
    Writing,

    /// <summary>SORT_RO, which does not know STORE.</summary>
    ReadOnly,
}

/// <summary>What a SORT asks for. Patterns and keys are named by the arguments that they are; 0 is none.</summary>
internal sealed record SortOptions
{
    /// <summary>The direction; the last word counts.</summary>
    internal SortDirection Direction { get; private set; }

    /// <summary>Whether elements are compared as texts, not as numbers.</summary>
    internal bool IsAlpha { get; private set; }

    /// <summary>The first element to return.</summary>
    internal long Offset { get; private set; }

    /// <summary>How many to return; all if negative.</summary>
    internal long Count { get; private set; } = -1;

    /// <summary>The pattern of BY.</summary>
    internal int By { get; private set; }

    /// <summary>Whether a BY without a star was among them: the elements are taken as they come.</summary>
    internal bool IsUnsorted { get; private set; }

    /// <summary>The key of STORE.</summary>
    internal int Store { get; private set; }

    /// <summary>The patterns of GET, in order.</summary>
    internal List<int> Gets { get; } = [];

    /// <summary>Reads them from the third argument on.</summary>
    internal static bool TryParseOrReply(Client client, in ArgVector args, SortVariant variant, out SortOptions options)
    {
        options = new SortOptions();
        for (var i = 2; i < args.Count; i++)
        {
            if (!options.TryOptionOrReply(client, args, variant, ref i)) return false;
        }

        return true;
    }

    /// <summary>For a set whose order may not decide what is stored: by its members' texts.</summary>
    internal void SortTexts()
    {
        IsUnsorted = false;
        IsAlpha = true;
        By = 0;
    }

    // Takes the option at an argument and goes to its last one.
    private bool TryOptionOrReply(Client client, in ArgVector args, SortVariant variant, ref int at)
    {
        var word = args[at];
        var following = args.Count - at - 1;
        if (word.Is("asc"u8))
        {
            Direction = SortDirection.Ascending;
        }
        else if (word.Is("desc"u8))
        {
            Direction = SortDirection.Descending;
        }
        else if (word.Is("alpha"u8))
        {
            IsAlpha = true;
        }
        else if (word.Is("limit"u8) && following >= 2)
        {
            if (!TryLimitOrReply(client, args[at + 1], args[at + 2])) return false;
            at += 2;
        }
        else if (variant == SortVariant.Writing && word.Is("store"u8) && following >= 1)
        {
            Store = ++at;
        }
        else if (word.Is("by"u8) && following >= 1)
        {
            By = ++at;
            IsUnsorted |= !SortPattern.HasStar(args[at]);
            if (SortPattern.HasStar(args[at])) return MayNameKeysOrReply(client, args, "BY");
        }
        else if (word.Is("get"u8) && following >= 1)
        {
            Gets.Add(++at);
            return MayNameKeysOrReply(client, args, "GET");
        }
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    // Which keys a pattern names is not known before, so whoever uses one has to have access to all.
    private static bool MayNameKeysOrReply(Client client, in ArgVector args, string option)
    {
        if (client.Server.Access.MayUseEveryKey(client, client.RunningCommand!, args, KeyAccess.Read)) return true;
        client.Reply.Error($"ERR {option} option of SORT denied due to insufficient ACL permissions.");
        return false;
    }

    private bool TryLimitOrReply(Client client, ReadOnlySpan<byte> offset, ReadOnlySpan<byte> count)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, offset, out var first) || !ArgumentParsing.TryIntegerOrReply(client, count, out var atMost)) return false;
        (Offset, Count) = (first, atMost);
        return true;
    }
}
