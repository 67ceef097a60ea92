using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// How clients write the ends of a range:
//
//     by score    1.5   (1.5   -inf   +inf       a bracket leaves the score itself out
//     by member   [abc  (abc   -      +          a square bracket takes the member itself in; - and + are below and above all
//
// Either way an end is a place between two elements (ScoreBound): before what is taken in, behind what is left out, and the other way round at
// the far end.

/// <summary>Reads the two ends of a range, the lower one first.</summary>
internal static class ZsetBounds
{
    private enum End
    {
        Lower,
        Upper,
    }

    /// <summary>Reads a range of scores.</summary>
    internal static bool TryScoresOrReply(
        Client client, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper, out ScoreBound from, out ScoreBound to)
    {
        to = default;
        if (TryScore(lower, End.Lower, out from) && TryScore(upper, End.Upper, out to)) return true;
        client.Reply.Error("ERR min or max is not a float"u8);
        return false;
    }

    /// <summary>Reads a range of members.</summary>
    internal static bool TryMembersOrReply(
        Client client, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper, out ScoreBound from, out ScoreBound to)
    {
        to = default;
        if (TryMember(lower, End.Lower, out from) && TryMember(upper, End.Upper, out to)) return true;
        client.Reply.Error("ERR min or max not valid string range item"u8);
        return false;
    }

    private static bool TryScore(ReadOnlySpan<byte> text, End end, out ScoreBound bound)
    {
        var isOpen = text.Length > 0 && text[0] == '(';
        var isNumber = Numbers.TryParseLooseDouble(isOpen ? text[1..] : text, out var score);
        bound = isOpen == (end == End.Lower) ? ScoreBound.Behind(score) : ScoreBound.Before(score);
        return isNumber;
    }

    private static bool TryMember(ReadOnlySpan<byte> text, End end, out ScoreBound bound)
    {
        bound = ScoreBound.First;
        if (text.IsEmpty) return false;
        var member = text[1..];
        switch (text[0])
        {
            case (byte)'[' or (byte)'(':
                bound = text[0] == '(' == (end == End.Lower) ? ScoreBound.Behind(member) : ScoreBound.Before(member);
                return true;
            // Redis looks no further than the NUL that ends a C string.
            case (byte)'-' or (byte)'+':
                if (text[0] == '+') bound = ScoreBound.Last;
                return member.IsEmpty || member[0] == 0;
            default:
                return false;
        }
    }
}
