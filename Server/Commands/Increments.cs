using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>Sums of what is stored and what a client adds to it; one that cannot be kept is an error and gives false.</summary>
internal static class Increments
{
    /// <summary>Adds integers, which must not overflow.</summary>
    internal static bool TryAddOrReply(Client client, long value, long increment, out long sum)
    {
        sum = unchecked(value + increment);
        if (((value ^ sum) & (increment ^ sum)) >= 0) return true;
        client.Reply.Error(SharedReplies.IncrementOverflow);
        return false;
    }

    /// <summary>Adds numbers, in the extended precision that Redis uses, so that 0.1 and 0.2 make 0.3; the sum must be finite.</summary>
    internal static bool TryAddOrReply(Client client, ExtendedDouble value, ExtendedDouble increment, out ExtendedDouble sum)
    {
        sum = value + increment;
        if (sum.IsFinite) return true;
        client.Reply.Error("ERR increment would produce NaN or Infinity"u8);
        return false;
    }
}
