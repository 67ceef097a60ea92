using System.Buffers.Binary;
using System.Globalization;
using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// What DEBUG DIGEST says of one value: the number of its type, then its contents, then whether it expires (not when). One row per type; a type
// whose elements have an order mixes them, one without xors a digest of each. Equal to redis-server's for equal data, whatever the encodings.

/// <summary>Digests of single values. O(value).</summary>
public static class ValueDigests
{
    private const int LongestScore = 32;

    private delegate void Mixer(in EntryView entry, ref ValueDigest digest);

    private static readonly (DataType Type, int Number, Mixer Mix)[] Rows =
    [
        (DataType.String, 0, MixString),
        (DataType.List, 1, MixList),
        (DataType.Set, 2, MixSet),
        (DataType.SortedSet, 3, MixZset),
        (DataType.Hash, 4, MixHash),
        (DataType.Stream, 6, MixStream),
    ];

    /// <summary>Mixes a value into a digest; false when its type has no row.</summary>
    public static bool TryMix(scoped in EntryView entry, ref ValueDigest digest)
    {
        foreach ((DataType Type, int Number, Mixer Mix) row in Rows)
        {
            if (row.Type != entry.Type) continue;
            MixNumber(row.Number, ref digest);
            row.Mix(entry, ref digest);
            if (entry.HasExpiry) digest.Xor("!!expire!!"u8);
            return true;
        }

        return false;
    }

    /// <summary>Mixes a number, as four bytes with the highest first.</summary>
    internal static void MixNumber(int number, ref ValueDigest digest)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        digest.Mix(bytes);
    }

    private static void MixString(in EntryView entry, ref ValueDigest digest)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        digest.Mix(entry.GetString(digits));
    }

    private static void MixList(in EntryView entry, ref ValueDigest digest)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        var elements = new ListElements(entry, 0, ListEnd.Tail);
        while (elements.MoveNext()) digest.Mix(elements.Current.GetText(digits));
    }

    private static void MixSet(in EntryView entry, ref ValueDigest digest)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        var members = SetMembers.Of(entry);
        while (members.MoveNext()) digest.Xor(members.Current.GetText(digits));
    }

    private static void MixZset(in EntryView entry, ref ValueDigest digest)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> score = stackalloc byte[LongestScore];
        var elements = new ZsetElements(entry, 0, ZsetOrder.Ascending);
        while (elements.MoveNext())
        {
            var pair = default(ValueDigest);
            pair.Mix(elements.Member.GetText(digits));
            pair.Mix(score[..Print(elements.Score, score)]);
            digest.Xor(pair.Bytes);
        }
    }

    // As printf's %.17g does.
    private static int Print(double score, Span<byte> text)
    {
        if (double.IsInfinity(score))
        {
            ReadOnlySpan<byte> infinity = score > 0 ? "inf"u8 : "-inf"u8;
            infinity.CopyTo(text);
            return infinity.Length;
        }

        score.TryFormat(text, out int written, "g17", CultureInfo.InvariantCulture);
        return written;
    }

    // Fields past their time are part of the data until they are deleted.
    private static void MixHash(in EntryView entry, ref ValueDigest digest)
    {
        const long never = 0;
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        var fields = new HashFields(entry, exists: true, never);
        while (fields.MoveNext())
        {
            var pair = default(ValueDigest);
            pair.Mix(fields.Field.GetText(digits));
            pair.Mix(fields.Value.GetText(digits));
            if (fields.ExpiryMs >= 0) pair.Xor("!!hexpire!!"u8);
            digest.Xor(pair.Bytes);
        }
    }

    private static void MixStream(in EntryView entry, ref ValueDigest digest)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> id = stackalloc byte[StreamId.MaxText];
        StreamCursor entries = entry.Collection<StreamValue>().Log.Read(StreamId.Min, StreamId.Max);
        while (entries.MoveNext())
        {
            digest.Mix(id[..entries.Id.Format(id, (byte)'.')]);
            while (entries.TryReadField(out ListpackValue field, out ListpackValue value))
            {
                digest.Mix(field.GetText(digits));
                digest.Mix(value.GetText(digits));
            }
        }
    }
}
