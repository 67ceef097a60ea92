using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>What stands before the scores and members of ZADD, and where these are.</summary>
internal record struct ZAddOptions
{
    public ZAddOptions()
    {
    }

    /// <summary>NX, XX, GT, LT and INCR.</summary>
    internal ZsetRules Rules { get; set; }

    /// <summary>CH: members whose score has changed are counted too.</summary>
    internal bool CountsMoved { get; set; }

    /// <summary>The argument that is the first score.</summary>
    internal int First { get; set; }

    /// <summary>Scores with their members.</summary>
    internal int Pairs { get; set; }

    /// <summary>The arguments of a pair, of which the last is the member: two, or three where the score is a position.</summary>
    internal int Stride { get; set; } = 2;

    /// <summary>The argument that is the member of a pair.</summary>
    internal readonly int MemberAt(int pair) => First + ((pair + 1) * Stride) - 1;

    /// <summary>Reads the options of a request; they end at the first word that is none.</summary>
    internal bool TryParseOrReply(Client client, in ArgVector args)
    {
        for (First = 2; First < args.Count && TryTake(args[First]);) First++;
        var left = args.Count - First;
        Pairs = left / 2;
        if (left == 0 || left % 2 != 0)
            client.Reply.Error(SharedReplies.SyntaxError);
        else if (Has(ZsetRules.IfMissing) && Has(ZsetRules.IfExists))
            client.Reply.Error("ERR XX and NX options at the same time are not compatible"u8);
        else if ((Has(ZsetRules.IfMissing) && Has(ZsetRules.IfGreater | ZsetRules.IfLess)) || (Has(ZsetRules.IfGreater) && Has(ZsetRules.IfLess)))
            client.Reply.Error("ERR GT, LT, and/or NX options at the same time are not compatible"u8);
        else if (Has(ZsetRules.Increment) && Pairs > 1)
            client.Reply.Error("ERR INCR option supports a single increment-element pair"u8);
        else
            return true;
        return false;
    }

    private readonly bool Has(ZsetRules any) => (Rules & any) != 0;

    private bool TryTake(ReadOnlySpan<byte> word)
    {
        var rule = RuleOf(word);
        Rules |= rule;
        if (rule != ZsetRules.None) return true;
        if (!word.Is("ch"u8)) return false;
        CountsMoved = true;
        return true;
    }

    private static ZsetRules RuleOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("nx"u8)) return ZsetRules.IfMissing;
        if (word.Is("xx"u8)) return ZsetRules.IfExists;
        if (word.Is("gt"u8)) return ZsetRules.IfGreater;
        if (word.Is("lt"u8)) return ZsetRules.IfLess;
        return word.Is("incr"u8) ? ZsetRules.Increment : ZsetRules.None;
    }
}
