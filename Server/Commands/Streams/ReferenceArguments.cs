using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>The words that say what becomes of deleted entries that consumer groups refer to.</summary>
internal static class ReferenceArguments
{
    /// <summary>Reads KEEPREF, DELREF or ACKED; false when it is another word, and then the policy is to keep.</summary>
    internal static bool TryPolicy(ReadOnlySpan<byte> argument, out ReferencePolicy policy)
    {
        policy = ReferencePolicy.Keep;
        if (argument.Is("keepref"u8)) return true;
        if (argument.Is("delref"u8)) policy = ReferencePolicy.Delete;
        else if (argument.Is("acked"u8)) policy = ReferencePolicy.Acked;
        return policy != ReferencePolicy.Keep;
    }
}
