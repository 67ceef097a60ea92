namespace KestrelFree.Server.Commands;

// Two views of a command's keys. COMMAND reports both the key specifications and the older triple of first key, last key and step;
// the triple is derived, never declared, so that the two cannot disagree.

/// <summary>Derives from key specifications what older clients and the server itself need to find keys.</summary>
internal static class CommandKeys
{
    /// <summary>The triple that covers the consecutive fixed ranges among a command's specifications; all 0 when there are none.</summary>
    /// <param name="spec">The command.</param>
    /// <param name="movable">True when the triple misses keys, so that clients have to ask COMMAND GETKEYS.</param>
    internal static (int First, int Last, int Step) LegacyRange(CommandSpec spec, out bool movable)
    {
        movable = spec.Keys.Any(keys => (keys.Flags & KeySpecFlags.Incomplete) != 0);
        if (spec.Keys.Length == 0) return (0, 0, 0);
        if (spec.Keys is [var only] && IsFixedRange(only)) return (only.Index, AbsoluteLast(only), only.Step);

        int first = 0, last = 0;
        foreach (var keys in spec.Keys)
        {
            if (!IsFixedRange(keys) || keys.Step != 1 || (last != 0 && last != keys.Index - 1))
            {
                movable = true;
                continue;
            }

            if (first == 0) first = keys.Index;
            last = AbsoluteLast(keys);
        }

        movable |= first == 0;
        return first == 0 ? (0, 0, 0) : (first, last, 1);
    }

    private static bool IsFixedRange(KeySpec keys) => keys is { Begin: BeginSearch.Index, Find: FindKeys.Range };

    private static int AbsoluteLast(KeySpec keys) => keys.LastKey >= 0 ? keys.Index + keys.LastKey : keys.LastKey;
}
