using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

/// <summary>Writes the value of an entry, without its type.</summary>
internal delegate void SaveValue(RdbWriter writer, in EntryView entry);

/// <summary>Reads a value whose type has been read. Throws <see cref="RdbException"/> unless all of it is sound.</summary>
internal delegate RdbValue LoadValue(scoped ref RdbReader reader, RdbLoading loading);

/// <summary>Whether a row is for an entry whose value has its form.</summary>
internal delegate bool AppliesTo(in EntryView entry);

/// <summary>How a form of value is written.</summary>
/// <param name="Form">The form.</param>
/// <param name="Type">The type that stands before it.</param>
/// <param name="Version">The oldest version of the format that has this type.</param>
/// <param name="Save">Writes it.</param>
internal sealed record RdbSaver(ValueForm Form, RdbType Type, int Version, SaveValue Save)
{
    /// <summary>Which values of the form it is for; null for all that no earlier row is for.</summary>
    public AppliesTo? When { get; init; }
}

/// <summary>How a type is read.</summary>
internal sealed record RdbLoader(RdbType Type, LoadValue Load);

/// <summary>How strictly packed values are checked (sanitize-dump-payload).</summary>
public enum PayloadCheck
{
    /// <summary>As far as it takes to read them safely.</summary>
    Shallow,

    /// <summary>Element by element, duplicates included.</summary>
    Deep,
}

/// <summary>Whose numbers the types of a file are: from 22 on, and below the opcodes, the same numbers mean different things.</summary>
public enum RdbFamily
{
    /// <summary>Redis's.</summary>
    Redis,

    /// <summary>Those of Valkey from 9 on.</summary>
    Valkey,
}

/// <summary>What loaders need to know besides the bytes.</summary>
/// <param name="Database">Where the value will be.</param>
/// <param name="Check">How strictly packed values are checked.</param>
public sealed record RdbLoading(Database Database, PayloadCheck Check)
{
    /// <summary>Whose numbers the types are.</summary>
    public RdbFamily Family { get; init; }

    /// <summary>Whether values of modules are passed over, since nothing is stored; otherwise they are refused.</summary>
    public bool SkipsModules { get; init; }
}

/// <summary>
/// The values of the RDB format: one row per form that is written and one per type that is read. A data type joins by adding its own.
/// </summary>
internal static class RdbValues
{
    private static readonly RdbSaver[] StringSavers =
    [
        new(ValueForm.String, RdbType.String, RdbFormat.Version, SaveString),
        new(ValueForm.RawString, RdbType.String, RdbFormat.Version, SaveString),
    ];

    private static readonly RdbLoader[] StringLoaders =
    [
        new(RdbType.String, LoadString),
    ];

    private static readonly RdbLoader[] ModuleLoaders =
    [
        new(RdbType.OldModule, RdbModules.Refuse),
        new(RdbType.Module, RdbModules.Load),
    ];

    private static readonly RdbSaver[] Savers = [.. StringSavers, .. RdbLists.Savers, .. RdbSets.Savers, .. RdbZsets.Savers, .. RdbHashes.Savers, .. RdbStreams.Savers];
    private static readonly RdbLoader[] Loaders = [.. StringLoaders, .. RdbLists.Loaders, .. RdbSets.Loaders, .. RdbZsets.Loaders, .. RdbHashes.Loaders, .. RdbStreams.Loaders, .. ModuleLoaders];

    private static readonly RdbSaver[][] SaversOf = [.. Enumerable.Range(0, 1 + (int)ValueForm.Stream).Select(form => Savers.Where(row => row.Form == (ValueForm)form).ToArray())];
    private static readonly RdbLoader?[] LoaderOf = [.. Enumerable.Range(0, 1 + byte.MaxValue).Select(type => Loaders.SingleOrDefault(row => row.Type == (RdbType)type))];

    /// <summary>How an entry's value is written; null for one that has no row. O(1).</summary>
    public static RdbSaver? Saver(in EntryView entry)
    {
        foreach (RdbSaver row in SaversOf[(int)entry.Form])
        {
            if (row.When is null || row.When(entry)) return row;
        }

        return null;
    }

    /// <summary>Reads a value of a type; throws <see cref="RdbException"/> for an unknown one and for what is corrupt.</summary>
    public static RdbValue Load(scoped ref RdbReader reader, RdbType type, RdbLoading loading)
    {
        RdbLoader? loader = LoaderOf[(byte)type];
        if (loading.Family == RdbFamily.Valkey && (byte)type >= RdbHashes.ValkeyHash.Number)
            loader = (byte)type == RdbHashes.ValkeyHash.Number ? RdbHashes.ValkeyHash.Loader : null;
        if (loader is null) reader.Fail("type", $"no value of type {(byte)type} is known");
        return loader.Load(ref reader, loading);
    }

    private static void SaveString(RdbWriter writer, in EntryView entry)
    {
        if (entry.TryGetInteger(out long integer)) writer.WriteString(integer);
        else writer.WriteString(entry.StringBytes);
    }

    private static RdbValue LoadString(scoped ref RdbReader reader, RdbLoading loading) => new(ValueForm.String, reader.ReadString("string"));
}
