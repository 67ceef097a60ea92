using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// Hashes in the RDB format.
//
//     Hash             count  { field value }
//     HashListpack     listpack of field value ...                          (zipmap and ziplist: the same in the packed forms of older versions)
//     HashMetadata     earliest expiry : 8  count  { ttl field value }      ttl 0: none; else 1 + expiry - earliest expiry
//     HashListpackEx   earliest expiry : 8  listpack of field value expiry ...
//     Valkey's 22      count  { field value  expiry : 8 }                   expiry -1: none
//
// HashMetadata and HashListpackEx need version 12, so a hash none of whose fields expires (any more) is written as one of the first two,
// whatever its encoding.

/// <summary>How hashes are written and read.</summary>
internal static class RdbHashes
{
    public static readonly RdbSaver[] Savers =
    [
        new(ValueForm.HashListpack, RdbType.HashListpack, RdbFormat.Version, RdbPacked.Save),
        new(ValueForm.HashListpackEx, RdbType.HashListpackEx, RdbFormat.FieldExpiryVersion, SaveListpackEx) { When = HasFieldExpiry },
        new(ValueForm.HashListpackEx, RdbType.Hash, RdbFormat.Version, SaveFields),
        new(ValueForm.HashTable, RdbType.HashMetadata, RdbFormat.FieldExpiryVersion, SaveMetadata) { When = HasFieldExpiry },
        new(ValueForm.HashTable, RdbType.Hash, RdbFormat.Version, SaveFields),
    ];

    public static readonly RdbLoader[] Loaders =
    [
        new(RdbType.Hash, LoadFields),
        new(RdbType.HashZipmap, LoadZipmap),
        new(RdbType.HashZiplist, LoadZiplist),
        new(RdbType.HashListpack, LoadListpack),
        new(RdbType.HashMetadata, LoadMetadata),
        new(RdbType.HashListpackEx, LoadListpackEx),
    ];

    /// <summary>The type that Valkey's files have for hashes whose fields expire, and how it is read.</summary>
    public static readonly (byte Number, RdbLoader Loader) ValkeyHash = (22, new RdbLoader((RdbType)22, LoadValkeyHash));

    private static bool HasFieldExpiry(in EntryView entry) => entry.Form == ValueForm.HashTable
        ? entry.Collection<MemberTable>().Table.Expiries.Count > 0
        : PackedHash.EarliestExpiry(entry.PackedBytes, entry.Form) != Entry.NoExpiry;

    private static void SaveFields(RdbWriter writer, in EntryView entry)
    {
        writer.WriteLength((ulong)CountOf(entry));
        for (var fields = HashFields.AllOf(entry); fields.MoveNext();)
        {
            writer.WriteElement(fields.Field);
            writer.WriteElement(fields.Value);
        }
    }

    private static void SaveMetadata(RdbWriter writer, in EntryView entry)
    {
        long earliest = EarliestOf(entry);
        writer.WriteUInt64((ulong)earliest);
        writer.WriteLength((ulong)CountOf(entry));
        for (var fields = HashFields.AllOf(entry); fields.MoveNext();)
        {
            writer.WriteLength(fields.ExpiryMs < 0 ? 0 : (ulong)(fields.ExpiryMs - earliest + 1));
            writer.WriteElement(fields.Field);
            writer.WriteElement(fields.Value);
        }
    }

    private static void SaveListpackEx(RdbWriter writer, in EntryView entry)
    {
        writer.WriteUInt64((ulong)PackedHash.EarliestExpiry(entry.PackedBytes, entry.Form));
        writer.WriteString(entry.PackedBytes);
    }

    private static long CountOf(in EntryView entry) =>
        entry.Form == ValueForm.HashTable ? entry.Collection<MemberTable>().Count : PackedHash.Count(entry.PackedBytes, entry.Form);

    private static long EarliestOf(in EntryView entry)
    {
        long earliest = long.MaxValue;
        for (var fields = HashFields.AllOf(entry); fields.MoveNext();)
        {
            if (fields.ExpiryMs >= 0) earliest = Math.Min(earliest, fields.ExpiryMs);
        }

        return earliest;
    }

    private static RdbValue LoadFields(scoped ref RdbReader reader, RdbLoading loading) => LoadElements(ref reader, loading, ValueForm.HashListpack);

    private static RdbValue LoadMetadata(scoped ref RdbReader reader, RdbLoading loading) => LoadElements(ref reader, loading, ValueForm.HashListpackEx);

    private static RdbValue LoadValkeyHash(scoped ref RdbReader reader, RdbLoading loading)
    {
        ulong count = reader.ReadLength("number of fields");
        if (count == 0) return RdbValue.Empty;
        Keyspace keyspace = loading.Database.Keyspace;
        HashBuilder built = keyspace.HashBuilder.Start(ValueForm.HashListpackEx, count);
        PackedBuffer field = keyspace.LoadScratch;
        try
        {
            for (; count > 0; count--)
            {
                field.Set(reader.ReadString("field"));
                byte[] value = reader.ReadString("value").ToArray();
                long expiryMs = (long)reader.ReadUInt64("expiry of a field");
                if (expiryMs < Entry.NoExpiry) reader.Fail("expiry of a field", "it is negative");
                if (!built.Add(field.Bytes, value, expiryMs)) reader.Fail("field", "it occurs twice");
            }
        }
        catch
        {
            built.Discard();
            throw;
        }

        return Taken(built);
    }

    private static RdbValue LoadElements(scoped ref RdbReader reader, RdbLoading loading, ValueForm form)
    {
        long earliest = form == ValueForm.HashListpackEx ? ReadEarliest(ref reader) : 0;
        ulong count = reader.ReadLength("number of fields");
        if (count == 0) return RdbValue.Empty;
        Keyspace keyspace = loading.Database.Keyspace;
        HashBuilder built = keyspace.HashBuilder.Start(form, count);
        PackedBuffer field = keyspace.LoadScratch;
        try
        {
            for (; count > 0; count--)
            {
                long expiryMs = form == ValueForm.HashListpackEx ? ReadExpiry(ref reader, earliest) : Entry.NoExpiry;
                field.Set(reader.ReadString("field"));
                if (!built.Add(field.Bytes, reader.ReadString("value"), expiryMs))
                    reader.Fail("field", "it occurs twice");
            }
        }
        catch
        {
            built.Discard();
            throw;
        }

        return Taken(built);
    }

    private static long ReadEarliest(scoped ref RdbReader reader)
    {
        long earliest = (long)reader.ReadUInt64("earliest expiry");
        if (earliest < 0) reader.Fail("earliest expiry", "it lies beyond the end of time");
        return earliest;
    }

    private static long ReadExpiry(scoped ref RdbReader reader, long earliest)
    {
        ulong ttl = reader.ReadLength("expiry of a field");
        if (ttl > (ulong)(long.MaxValue - earliest)) reader.Fail("expiry of a field", "it lies beyond the end of time");
        return ttl == 0 ? Entry.NoExpiry : earliest + (long)ttl - 1;
    }

    private static RdbValue LoadListpack(scoped ref RdbReader reader, RdbLoading loading) =>
        OfListpack(ref reader, RdbPacked.ReadListpack(ref reader, "Hash"), ValueForm.HashListpack, loading);

    private static RdbValue LoadListpackEx(scoped ref RdbReader reader, RdbLoading loading)
    {
        ReadEarliest(ref reader);
        return OfListpack(ref reader, RdbPacked.ReadListpack(ref reader, "Hash"), ValueForm.HashListpackEx, loading);
    }

    // A form that has to be made anew is always checked for fields that occur twice.
    private static RdbValue LoadZiplist(scoped ref RdbReader reader, RdbLoading loading)
    {
        ReadOnlySpan<byte> listpack = RdbPacked.ReadZiplist(ref reader, loading, "Hash");
        RdbPacked.Check(ref reader, listpack, PackedHash.StrideOf(ValueForm.HashListpack));
        RdbPacked.CheckUnique(ref reader, listpack, PackedHash.StrideOf(ValueForm.HashListpack));
        return OfListpack(ref reader, listpack, ValueForm.HashListpack, loading);
    }

    // Of zipmaps alone Redis looks at the lengths too.
    private static RdbValue LoadZipmap(scoped ref RdbReader reader, RdbLoading loading)
    {
        ReadOnlySpan<byte> listpack = RdbPacked.ReadZipmap(ref reader, loading);
        if (Listpack.Count(listpack) == 0)
            reader.Fail("zipmap", "Zipmap integrity check failed, there is nothing in it");
        Keyspace keyspace = loading.Database.Keyspace;
        return RdbPacked.HasLonger(listpack, keyspace.Limits.HashMaxListpackValue)
            ? Unpacked(ref reader, keyspace, ValueForm.HashListpack, listpack)
            : OfListpack(ref reader, listpack, ValueForm.HashListpack, loading);
    }

    private static RdbValue OfListpack(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, ValueForm form, RdbLoading loading)
    {
        int stride = PackedHash.StrideOf(form);
        int count = RdbPacked.Check(ref reader, listpack, stride);
        if (count == 0) return RdbValue.Empty;
        if (form == ValueForm.HashListpackEx) CheckExpiries(ref reader, listpack);
        Keyspace keyspace = loading.Database.Keyspace;
        if (count > keyspace.Limits.HashMaxListpackEntries) return Unpacked(ref reader, keyspace, form, listpack);
        if (loading.Check == PayloadCheck.Deep) RdbPacked.CheckUnique(ref reader, listpack, stride);
        return new RdbValue(form, listpack);
    }

    // What expires first comes first, and what never does last: lookups of what is due depend on it.
    private static void CheckExpiries(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack)
    {
        long last = 0;
        int at = Listpack.HeaderBytes;
        while (at != Listpack.EndOffset(listpack))
        {
            int expiry = Listpack.After(listpack, Listpack.After(listpack, at));
            ListpackValue value = Listpack.Get(listpack, expiry);
            long order = value.Integer == 0 ? long.MaxValue : value.Integer;
            if (!value.IsInteger || order < last || order < 0)
                reader.Fail("listpack", "Hash listpack integrity check failed, the expiries of its fields are not in order");
            last = order;
            at = Listpack.After(listpack, expiry);
        }
    }

    private static RdbValue Unpacked(scoped ref RdbReader reader, Keyspace keyspace, ValueForm form, scoped ReadOnlySpan<byte> listpack)
    {
        HashBuilder built = keyspace.HashBuilder.Start(form, ulong.MaxValue);
        Span<byte> fieldText = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> valueText = stackalloc byte[ListpackValue.MaxIntegerText];
        for (var fields = new HashFields(form, listpack); fields.MoveNext();)
        {
            if (built.Add(fields.Field.GetText(fieldText), fields.Value.GetText(valueText), fields.ExpiryMs)) continue;
            built.Discard();
            reader.Fail("field", "it occurs twice");
        }

        return Taken(built);
    }

    private static RdbValue Taken(HashBuilder built)
    {
        MemberTable? table = built.Take(out ValueForm form, out ReadOnlySpan<byte> packed);
        return new RdbValue(form, table, packed);
    }
}
