using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>Where an entry lies: dies at the next write to its table, unless that write refreshes it.</summary>
internal ref struct EntryPlace
{
    /// <summary>The head of its segment.</summary>
    public ref SegmentHead Head;

    /// <summary>Its first byte.</summary>
    public ref byte Entry;

    /// <summary>Its slot.</summary>
    public int Slot;

    /// <summary>The block that it lies in.</summary>
    public readonly int Block => SegmentHead.BlockOf(Head.OffsetOf(Slot));

    /// <summary>Reads the entry's address again, after its segment's bytes may have moved.</summary>
    public void Refresh(SegmentSpace space) => Entry = ref space.EntryAt(ref Head, Head.OffsetOf(Slot));
}
