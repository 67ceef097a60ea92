using System.Buffers.Binary;

namespace KestrelFree.Storage;

// A file's keys come in an order that is random to the table, so that storing one waits for memory several times. A few entries ahead are looked
// at for their keys, and what storing them will touch is asked for together. Only what can be skipped at a glance is: entries of strings and of
// packed collections that are all there. What is wrong or unknown ends it; whoever reads the entry will say so.

/// <summary>Prefetches for the entries that come next in a file.</summary>
internal static class RdbLookAhead
{
    /// <summary>How many bytes are worth looking at.</summary>
    public const int WindowBytes = 4096;

    /// <summary>Asks for what storing up to so many entries at the beginning of these bytes will touch. O(entries).</summary>
    public static void Prefetch(ReadOnlySpan<byte> bytes, Database database, int entries)
    {
        Keyspace keyspace = database.Keyspace;
        while (entries > 0 && TryTakeHeader(ref bytes, out bool isEntry))
        {
            if (!isEntry) continue;
            if (!TryTakeString(ref bytes, out ReadOnlySpan<byte> key)) break;
            keyspace.PrefetchKey(database, key);
            entries--;
            if (!TryTakeString(ref bytes, out _)) break;
        }

        keyspace.PrefetchEntries();
    }

    // An opcode that belongs to an entry, or the type of one whose value is a single string.
    private static bool TryTakeHeader(ref ReadOnlySpan<byte> bytes, out bool isEntry)
    {
        isEntry = false;
        if (bytes.IsEmpty) return false;
        byte code = bytes[0];
        isEntry = code is (byte)RdbType.String or (byte)RdbType.SetIntset or (byte)RdbType.HashListpack or (byte)RdbType.ZsetListpack or (byte)RdbType.SetListpack;
        int length = code switch
        {
            (byte)RdbOpcode.ExpireTimeMs => 1 + sizeof(ulong),
            (byte)RdbOpcode.ExpireTime => 1 + sizeof(uint),
            (byte)RdbOpcode.Frequency => 2,
            _ => isEntry ? 1 : int.MaxValue,
        };
        return TryTake(ref bytes, length, out _);
    }

    // Encoded strings are passed over: as keys they are empty here, and a wrong prefetch costs nothing.
    private static bool TryTakeString(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (bytes.IsEmpty) return false;
        byte first = bytes[0];
        switch (first & RdbFormat.FormMask)
        {
            case RdbFormat.ShortForm:
                return TryTake(ref bytes, 1, out _) && TryTake(ref bytes, first, out text);
            case RdbFormat.MediumForm:
                return TryTake(ref bytes, 2, out ReadOnlySpan<byte> length) && TryTake(ref bytes, BinaryPrimitives.ReadUInt16BigEndian(length) & 0x3FFF, out text);
            case RdbFormat.EncodedForm when (first & ~RdbFormat.FormMask) <= RdbFormat.Int32:
                return TryTake(ref bytes, 1 + (1 << (first & ~RdbFormat.FormMask)), out _);
            default:
                return false;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (count > bytes.Length) return false;
        taken = bytes[..count];
        bytes = bytes[count..];
        return true;
    }
}
