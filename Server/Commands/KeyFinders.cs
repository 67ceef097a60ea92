using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands;

// Which arguments of a request are keys, for whoever asks before or without running it: COMMAND GETKEYS, ACL rules and tracking.
//
// Key specifications answer for nearly all commands. A KeyFinder of its own has a command whose specifications are incomplete (SORT ... STORE, whose
// word may also be a pattern's) or whose flags depend on its options (SET ... GET reads). It is asked where the specifications
// fail, or where one of them has VariableFlags. Nothing here replies errors: a request without keys where keys belong is
// a syntax error, which the command itself will report.

/// <summary>A key among the arguments of a request.</summary>
/// <param name="Index">Which argument.</param>
/// <param name="Flags">What the command does to it.</param>
internal readonly record struct FoundKey(int Index, KeySpecFlags Flags);

/// <summary>Finds the keys of one command's requests; leaves the list as it is when there are none.</summary>
internal delegate void KeyFinder(in ArgVector args, List<FoundKey> keys);

/// <summary>Finds keys in requests that have the right number of arguments.</summary>
internal static class KeyFinders
{
    private const KeySpecFlags ReadAccess = KeySpecFlags.ReadOnly | KeySpecFlags.Access;
    private const KeySpecFlags ReplaceUpdate = KeySpecFlags.Overwrite | KeySpecFlags.Update;
    private const KeySpecFlags ModifyUpdate = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update;

    /// <summary>True when requests of the command may have keys.</summary>
    internal static bool HasKeys(CommandSpec command) => command.KeyFinder is not null || HasRealSpec(command);

    /// <summary>Adds the keys of a request; false when none were found. O(arguments).</summary>
    internal static bool TryFind(CommandSpec command, in ArgVector args, List<FoundKey> keys)
    {
        if (HasRealSpec(command) && !Array.Exists(command.Keys, static spec => (spec.Flags & KeySpecFlags.VariableFlags) != 0) && TryFindBySpecs(command, args, keys))
            return keys.Count > 0;
        keys.Clear();
        if (command.KeyFinder is { } finder) finder(args, keys);
        else FindCounted(command, args, keys);
        return keys.Count > 0;
    }

    /// <summary>
    /// Adds every argument that may be a key by either the specifications or the command's own finder: of a word that is given twice the former
    /// see the first and the command obeys the last. Some may be found twice.
    /// </summary>
    internal static void FindAll(CommandSpec command, in ArgVector args, List<FoundKey> keys)
    {
        if (HasKeys(command) && TryFind(command, args, keys)) command.KeyFinder?.Invoke(args, keys);
    }

    /// <summary>SET: with GET it reads what it replaces.</summary>
    internal static void Set(in ArgVector args, List<FoundKey> keys)
    {
        var reads = false;
        for (var i = 3; i < args.Count; i++) reads |= args[i].Is("get"u8);
        keys.Add(new FoundKey(1, reads ? ModifyUpdate : ReplaceUpdate));
    }

    /// <summary>BITFIELD: without SET and INCRBY it only reads.</summary>
    internal static void BitField(in ArgVector args, List<FoundKey> keys)
    {
        var flags = ReadAccess;
        for (var i = 2; i < args.Count && flags == ReadAccess; i++)
        {
            var left = args.Count - i - 1;
            if (args[i].Is("get"u8) && left >= 2) i += 2;
            else if (args[i].Is("overflow"u8) && left >= 1) i++;
            else flags = ModifyUpdate;
        }

        keys.Add(new FoundKey(1, flags));
    }

    /// <summary>DELEX: with a condition it tells something of what it deletes.</summary>
    internal static void DelEx(in ArgVector args, List<FoundKey> keys) =>
        keys.Add(new FoundKey(1, args.Count > 2 ? KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete : KeySpecFlags.Remove | KeySpecFlags.Delete));

    /// <summary>SORT: the key, and the one behind the last STORE that is no other option's argument.</summary>
    internal static void Sort(in ArgVector args, List<FoundKey> keys)
    {
        var store = 0;
        for (var i = 2; i < args.Count; i++)
        {
            if (args[i].Is("limit"u8)) i += 2;
            else if (args[i].Is("get"u8) || args[i].Is("by"u8)) i++;
            else if (args[i].Is("store"u8) && i + 1 < args.Count) store = i + 1;
        }

        SortReadOnly(args, keys);
        if (store > 0) keys.Add(new FoundKey(store, ReplaceUpdate));
    }

    /// <summary>SORT_RO: the key alone; patterns name keys that cannot be told beforehand.</summary>
    internal static void SortReadOnly(in ArgVector args, List<FoundKey> keys) => keys.Add(new FoundKey(1, ReadAccess));

    /// <summary>GEORADIUS and GEORADIUSBYMEMBER: the key, and the one behind the last STORE or STOREDIST.</summary>
    internal static void GeoRadius(in ArgVector args, List<FoundKey> keys)
    {
        keys.Add(new FoundKey(1, ReadAccess));
        var store = 0;
        for (var i = 5; i + 1 < args.Count; i++)
        {
            if (args[i].Is("store"u8) || args[i].Is("storedist"u8)) store = ++i;
        }

        if (store > 0) keys.Add(new FoundKey(store, ReplaceUpdate));
    }

    /// <summary>MIGRATE: its third argument, or all behind KEYS when that one is empty.</summary>
    internal static void Migrate(in ArgVector args, List<FoundKey> keys)
    {
        const KeySpecFlags moved = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete;
        for (var i = 6; i < args.Count; i++)
        {
            if (args[i].Is("auth"u8)) i++;
            else if (args[i].Is("auth2"u8)) i += 2;
            else if (args[i].Is("keys"u8))
            {
                if (args[3].Length > 0) return;
                for (var key = i + 1; key < args.Count; key++) keys.Add(new FoundKey(key, moved));
                return;
            }
        }

        keys.Add(new FoundKey(3, moved));
    }

    // Where a count is not quite a number, as in "1x", Redis takes what C's atoi does, tells no flags, and names the destination last.
    private static void FindCounted(CommandSpec command, in ArgVector args, List<FoundKey> keys)
    {
        if (Array.Find(command.Keys, static spec => spec.Find == FindKeys.KeyCount) is not { Step: 1 } spec) return;
        var first = spec.Index + spec.FirstKey;
        var count = LeadingNumber(args[spec.Index + spec.KeyCountIndex]);
        if (count < 1 || count > args.Count - first) return;
        for (var i = 0; i < count; i++) keys.Add(new FoundKey(first + i, KeySpecFlags.None));
        if (command.Keys[0].Find == FindKeys.Range) keys.Add(new FoundKey(command.Keys[0].Index, KeySpecFlags.None));
    }

    private static long LeadingNumber(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t\n\v\f\r"u8);
        if (text is [(byte)'+', ..]) text = text[1..];
        var number = 0L;
        for (var i = 0; i < text.Length && char.IsAsciiDigit((char)text[i]) && number <= int.MaxValue; i++) number = (number * 10) + text[i] - '0';
        return number;
    }

    private static bool HasRealSpec(CommandSpec command) => Array.Exists(command.Keys, static spec => (spec.Flags & KeySpecFlags.NotKey) == 0);

    private static bool TryFindBySpecs(CommandSpec command, in ArgVector args, List<FoundKey> keys)
    {
        foreach (var spec in command.Keys)
        {
            if ((spec.Flags & KeySpecFlags.NotKey) == 0 && !TryFindBySpec(spec, args, keys)) return false;
        }

        return true;
    }

    private static bool TryFindBySpec(KeySpec spec, in ArgVector args, List<FoundKey> keys)
    {
        if (spec.Begin == BeginSearch.Unknown || spec.Find == FindKeys.Unknown) return false;
        var begin = spec.Begin == BeginSearch.Index ? spec.Index : BehindKeyword(spec, args);

        // Without its keyword a specification finds nothing, which is no fault.
        if (begin == 0) return true;
        if (!TryRange(spec, begin, args, out var first, out var last)) return false;
        for (var i = first; i <= last; i += spec.Step) keys.Add(new FoundKey(i, spec.Flags));
        return (spec.Flags & KeySpecFlags.Incomplete) == 0;
    }

    private static int BehindKeyword(KeySpec spec, in ArgVector args)
    {
        var step = spec.Index > 0 ? 1 : -1;
        for (var i = spec.Index > 0 ? spec.Index : args.Count + spec.Index; i >= 1 && i < args.Count; i += step)
        {
            if (CommandTable.NameEquals(spec.Keyword, args[i])) return i + 1;
        }

        return 0;
    }

    private static bool TryRange(KeySpec spec, int begin, in ArgVector args, out int first, out int last)
    {
        first = begin;
        last = spec.LastKey switch
        {
            >= 0 => begin + spec.LastKey,
            _ when spec.Limit > 1 => begin + (args.Count - begin) / spec.Limit + spec.LastKey,
            _ => args.Count + spec.LastKey,
        };
        if (spec.Find == FindKeys.KeyCount && !TryCountedRange(spec, begin, args, out first, out last)) return false;
        return first <= last && last < args.Count;
    }

    private static bool TryCountedRange(KeySpec spec, int begin, in ArgVector args, out int first, out int last)
    {
        first = begin + spec.FirstKey;
        last = 0;
        var at = begin + spec.KeyCountIndex;
        if (at >= args.Count || !Numbers.TryParseInteger(args[at], out var count) || count < 1 || count > args.Count) return false;
        last = first + (int)(count - 1) * spec.Step;
        return true;
    }
}
