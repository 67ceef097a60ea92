using KestrelFree.Protocol;

namespace KestrelFree.Server.Config;

/// <summary>Splits a configuration line into its arguments, by the quoting rules of <see cref="ArgumentSplitter"/>.</summary>
internal static class ConfTokens
{
    /// <summary>Splits a line of <see cref="ByteText"/>; null when its quotes are unbalanced. O(n).</summary>
    public static string[]? Split(string line)
    {
        var arguments = new List<byte[]>();
        return ArgumentSplitter.TrySplit(ByteText.ToBytes(line), arguments) ? [.. arguments.Select(a => ByteText.From(a))] : null;
    }
}
