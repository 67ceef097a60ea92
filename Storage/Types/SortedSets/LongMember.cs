using System.Runtime.InteropServices;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Types;

/// <summary>Where a member is that is too long for its entry in the member table; the table owns it. None for a shorter one.</summary>
internal readonly record struct LongMember(uint Id, int Length)
{
    /// <summary>Whether there is one.</summary>
    public bool Exists => Length != 0;

    /// <summary>What an entry's key has, or none.</summary>
    public static LongMember Of(ref byte entry) =>
        Entry.IsLongKey(ref entry) ? new LongMember(Entry.LongKeyOf(ref entry).Id, Entry.LongKeyOf(ref entry).Length) : default;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static LongMember Read(ReadOnlySpan<byte> text) =>
        new(MemoryMarshal.Read<uint>(text), MemoryMarshal.Read<int>(text[sizeof(uint)..]));

    /// <summary>Writes it as a node's text.</summary>
    public void Write(Span<byte> text)
    {
        MemoryMarshal.Write(text, Id);
        MemoryMarshal.Write(text[sizeof(uint)..], Length);
    }

    /// <summary>The member.</summary>
    public ReadOnlySpan<byte> Bytes(PageStore pages) => new LongKeyField { Id = Id, Length = Length }.Bytes(pages);
}
