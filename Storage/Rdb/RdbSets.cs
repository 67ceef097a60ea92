using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

// Sets in the RDB format. A listpack of members has a type of its own from version 11 on only, so it is written member by member; it is read in
// either form.

/// <summary>How sets are written and read.</summary>
internal static class RdbSets
{
    public static readonly RdbSaver[] Savers =
    [
        new(ValueForm.SetIntset, RdbType.SetIntset, RdbFormat.Version, RdbPacked.Save),
        new(ValueForm.SetListpack, RdbType.Set, RdbFormat.Version, SaveMembers),
        new(ValueForm.SetTable, RdbType.Set, RdbFormat.Version, SaveMembers),
    ];

    public static readonly RdbLoader[] Loaders =
    [
        new(RdbType.Set, LoadMembers),
        new(RdbType.SetIntset, LoadIntset),
        new(RdbType.SetListpack, LoadListpack),
    ];

    private static void SaveMembers(RdbWriter writer, in EntryView entry)
    {
        long count = entry.Form == ValueForm.SetTable ? entry.Collection<Types.MemberTable>().Count : Listpack.Count(entry.PackedBytes);
        writer.WriteLength((ulong)count);
        for (var members = SetMembers.Of(entry); members.MoveNext();)
            writer.WriteElement(members.Current);
    }

    private static RdbValue LoadMembers(scoped ref RdbReader reader, RdbLoading loading)
    {
        ulong count = reader.ReadLength("number of members");
        if (count == 0) return RdbValue.Empty;
        SetBuilder built = Start(loading.Database.Keyspace, count);
        try
        {
            for (; count > 0; count--)
            {
                if (!built.Add(reader.ReadString("member"))) reader.Fail("member", "it occurs twice");
            }
        }
        catch
        {
            built.Discard();
            throw;
        }

        return Taken(built);
    }

    private static RdbValue LoadIntset(scoped ref RdbReader reader, RdbLoading loading)
    {
        ReadOnlySpan<byte> intset = reader.ReadString("intset");
        if (!IntSet.IsValid(intset))
            reader.Fail("intset", "Intset integrity check failed, its header or the order of its members is not that of an intset");
        Keyspace keyspace = loading.Database.Keyspace;
        if (IntSet.Count(intset) <= keyspace.Limits.SetMaxIntsetEntries)
            return new RdbValue(ValueForm.SetIntset, intset);
        return Unpacked(ref reader, keyspace, new SetMembers(ValueForm.SetIntset, intset, null));
    }

    private static RdbValue LoadListpack(scoped ref RdbReader reader, RdbLoading loading)
    {
        ReadOnlySpan<byte> listpack = RdbPacked.ReadListpack(ref reader, "Set");
        int count = RdbPacked.Check(ref reader, listpack, 1);
        if (count == 0) return RdbValue.Empty;
        Keyspace keyspace = loading.Database.Keyspace;
        if (count > keyspace.Limits.SetMaxListpackEntries)
            return Unpacked(ref reader, keyspace, new SetMembers(ValueForm.SetListpack, listpack, null));
        if (loading.Check == PayloadCheck.Deep) RdbPacked.CheckUnique(ref reader, listpack, 1);
        return new RdbValue(ValueForm.SetListpack, listpack);
    }

    private static RdbValue Unpacked(scoped ref RdbReader reader, Keyspace keyspace, scoped SetMembers members)
    {
        SetBuilder built = keyspace.SetBuilder.StartFor(default, long.MaxValue);
        while (members.MoveNext())
        {
            if (built.Add(members.Current)) continue;
            built.Discard();
            reader.Fail("member", "it occurs twice");
        }

        return Taken(built);
    }

    // Many members go to a table at once; few begin as integers and find their form as they come.
    private static SetBuilder Start(Keyspace keyspace, ulong count)
    {
        ulong mostPacked = (ulong)Math.Max(keyspace.Limits.SetMaxIntsetEntries, keyspace.Limits.SetMaxListpackEntries);
        return count > mostPacked ? keyspace.SetBuilder.StartFor(default, long.MaxValue) : keyspace.SetBuilder.Start();
    }

    private static RdbValue Taken(SetBuilder built)
    {
        Types.MemberTable? table = built.Take(out ValueForm form, out ReadOnlySpan<byte> packed);
        return new RdbValue(form, table, packed);
    }
}
