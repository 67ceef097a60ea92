using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// An entry is one key with its value, as bytes within a block:
//
//     0      shape     form : 5 | place of the value : 2 | has an expiry : 1
//     1      key length; 255 = a long key
//     2      bytes of the value field
//     3..5   access clock (LRU seconds, or LFU minutes and counter), little-endian
//     6      [expiry, unix ms, 8 bytes]
//            key, or for a long one: [run or slot : 32][length : 32][hash : 64]
//            value field:
//               Inline   the bytes (at most 200)
//               Integer  8 bytes, so that INCR never moves it
//               Run      [handle : 32][length : 32]
//               Object   [slot : 32][length in bytes, of a byte array : 32]
//
// Numbers are in the machine's own order: entries are never written to files as they are. The value field of the last three is 8 bytes, so a
// value changes between them without moving its entry. Keys over 200 bytes are medium values themselves: they are written once, never changed, and
// keep their hash beside them, since splitting a segment must not read a key of 512 MB.

/// <summary>Where the bytes of a value are.</summary>
internal enum ValuePlace : byte
{
    /// <summary>In the entry.</summary>
    Inline,

    /// <summary>In the entry, as a 64-bit integer.</summary>
    Integer,

    /// <summary>In a run.</summary>
    Run,

    /// <summary>In a heap object.</summary>
    Object,
}

/// <summary>Reads and writes the fields of an entry.</summary>
internal static class Entry
{
    public const int HeaderBytes = 6;
    public const int ExpiryBytes = 8;
    public const int ReferenceBytes = 8;
    public const int MaxInlineKey = 200;
    public const int MaxInlineValue = 200;
    public const int MaxBytes = HeaderBytes + ExpiryBytes + MaxInlineKey + MaxInlineValue;
    public const int LongKeyBytes = 16;
    public const long NoExpiry = -1;
    private const byte LongKey = 255;
    private const int ExpiryBit = 1;

    /// <summary>The first byte of an entry.</summary>
    public static byte Shape(ValueForm form, ValuePlace place, bool hasExpiry) =>
        (byte)(((int)form << 3) | ((int)place << 1) | (hasExpiry ? ExpiryBit : 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasExpiry(ref byte entry) => (entry & ExpiryBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ValuePlace Place(ref byte entry) => (ValuePlace)((entry >> 1) & 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ValueForm Form(ref byte entry) => (ValueForm)(entry >> 3);

    public static bool IsLongKey(ref byte entry) => Unsafe.Add(ref entry, 1) == LongKey;

    /// <summary>Bytes of the key, or of what stands for a long one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int KeyFieldBytes(ref byte entry)
    {
        int length = Unsafe.Add(ref entry, 1);
        return length == LongKey ? LongKeyBytes : length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ValueFieldBytes(ref byte entry) => Unsafe.Add(ref entry, 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int KeyOffset(ref byte entry) => HeaderBytes + ((entry & ExpiryBit) << 3);

    /// <summary>Bytes of the whole entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bytes(ref byte entry) => KeyOffset(ref entry) + KeyFieldBytes(ref entry) + ValueFieldBytes(ref entry);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte KeyField(ref byte entry) => ref Unsafe.Add(ref entry, KeyOffset(ref entry));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte ValueField(ref byte entry) => ref Unsafe.Add(ref entry, KeyOffset(ref entry) + KeyFieldBytes(ref entry));

    public static Span<byte> InlineValue(ref byte entry) => MemoryMarshal.CreateSpan(ref ValueField(ref entry), ValueFieldBytes(ref entry));

    public static long Expiry(ref byte entry) => Unsafe.ReadUnaligned<long>(ref Unsafe.Add(ref entry, HeaderBytes));

    /// <summary>The expiry of an entry, or <see cref="NoExpiry"/>.</summary>
    public static long ExpiryOrNone(ref byte entry) => HasExpiry(ref entry) ? Expiry(ref entry) : NoExpiry;

    public static void SetExpiry(ref byte entry, long unixMs) => Unsafe.WriteUnaligned(ref Unsafe.Add(ref entry, HeaderBytes), unixMs);

    /// <summary>The 24-bit access clock.</summary>
    public static uint Access(ref byte entry) =>
        Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref entry, 3)) | ((uint)Unsafe.Add(ref entry, 5) << 16);

    public static void SetAccess(ref byte entry, uint clock)
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref entry, 3), (ushort)clock);
        Unsafe.Add(ref entry, 5) = (byte)(clock >> 16);
    }

    /// <summary>The value of an entry that stores an integer.</summary>
    public static long Integer(ref byte entry) => Unsafe.ReadUnaligned<long>(ref ValueField(ref entry));

    public static void SetInteger(ref byte entry, long value) => Unsafe.WriteUnaligned(ref ValueField(ref entry), value);

    /// <summary>The run's handle or the object's slot of an entry that refers to one.</summary>
    public static uint Reference(ref byte entry) => Unsafe.ReadUnaligned<uint>(ref ValueField(ref entry));

    /// <summary>The bytes of the value in the run or array that an entry refers to.</summary>
    public static int ReferencedLength(ref byte entry) => Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref ValueField(ref entry), 4));

    public static void SetReference(ref byte entry, uint id, int length)
    {
        ref byte field = ref ValueField(ref entry);
        Unsafe.WriteUnaligned(ref field, id);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref field, 4), length);
    }

    /// <summary>Writes shape and lengths; the key is in place or follows.</summary>
    public static void SetLayout(ref byte entry, byte shape, byte keyLength, int valueBytes)
    {
        entry = shape;
        Unsafe.Add(ref entry, 1) = keyLength;
        Unsafe.Add(ref entry, 2) = (byte)valueBytes;
    }

    /// <summary>The byte that stands for a key's length.</summary>
    public static byte KeyLengthByte(int keyLength) => keyLength > MaxInlineKey ? LongKey : (byte)keyLength;

    public static byte KeyLengthByte(ref byte entry) => Unsafe.Add(ref entry, 1);

    public static ref LongKeyField LongKeyOf(ref byte entry) => ref Unsafe.As<byte, LongKeyField>(ref KeyField(ref entry));

    /// <summary>An entry's key.</summary>
    public static ReadOnlySpan<byte> Key(PageStore pages, ref byte entry)
    {
        if (IsLongKey(ref entry)) return LongKeyOf(ref entry).Bytes(pages);
        return MemoryMarshal.CreateReadOnlySpan(ref KeyField(ref entry), KeyFieldBytes(ref entry));
    }

    /// <summary>The hash of an entry's key. O(key), but O(1) for a long one.</summary>
    public static ulong Hash(KeyHasher hasher, ref byte entry)
    {
        if (IsLongKey(ref entry)) return LongKeyOf(ref entry).Hash;
        return hasher.Hash(MemoryMarshal.CreateReadOnlySpan(ref KeyField(ref entry), KeyFieldBytes(ref entry)));
    }

    /// <summary>Whether an entry's key is this one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasKey(PageStore pages, ref byte entry, ReadOnlySpan<byte> key)
    {
        if (key.Length > MaxInlineKey)
            return IsLongKey(ref entry) && LongKeyOf(ref entry).Length == key.Length && LongKeyOf(ref entry).Bytes(pages).SequenceEqual(key);
        return Unsafe.Add(ref entry, 1) == key.Length
            && MemoryMarshal.CreateReadOnlySpan(ref KeyField(ref entry), key.Length).SequenceEqual(key);
    }
}

/// <summary>What stands for a long key in its entry; may lie at any byte.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct LongKeyField
{
    /// <summary>A run's handle, or a slot when the key is too long for a run.</summary>
    public uint Id;

    /// <summary>Bytes of the key.</summary>
    public int Length;

    /// <summary>The key's hash.</summary>
    public ulong Hash;

    /// <summary>What <see cref="Id"/> is.</summary>
    public readonly ItemKind Kind => Length <= SizeClasses.MaxBytes ? ItemKind.Run : ItemKind.Object;

    /// <summary>Stores a key.</summary>
    public static LongKeyField Store(PageStore pages, ReadOnlySpan<byte> key, ulong hash)
    {
        var field = new LongKeyField { Length = key.Length, Hash = hash };
        if (field.Kind == ItemKind.Run)
        {
            field.Id = pages.Runs.Allocate(key.Length, pages.Forks.Current);
            key.CopyTo(pages.Runs.Bytes(field.Id, key.Length));
        }
        else
        {
            field.Id = pages.Objects.Allocate(key.ToArray(), pages.Forks.Current);
        }

        return field;
    }

    /// <summary>The key.</summary>
    public readonly ReadOnlySpan<byte> Bytes(PageStore pages) =>
        Kind == ItemKind.Run ? pages.Runs.Bytes(Id, Length) : pages.Objects.Array(Id);
}
