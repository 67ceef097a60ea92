using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// The directory of an extendible hash, in two levels: the leading bits of a hash choose a leaf, further bits a segment's head in it.
//
//     hash = [top bits][leaf bits][ ... the rest ... ]
//
//     top     2^_topBits references; 2^(_topBits - leaf.Depth) neighbours refer to the same leaf
//     leaf    2^Bits ids of heads (Bits <= 9); 2^(leaf.Depth + Bits - head.Depth) neighbours are the same head
//
// One level would do for look-ups, but it doubles by copying all of itself (0.5 ms at 10 M keys, 7 ms at 100 M), and so does a fork. Here doubling is
// local to a leaf, until it has 512 places and splits in two; and only when a leaf as deep as the top splits does the top
// double: 2,000 references at 100 M keys.
//
// When segments merge, leaves fold: halved while no segment needs all its places, joined with a sibling when both are small, and the top is
// halved when no leaf is as deep.
//
// Forks: the top and the leaves are ordinary arrays with a birth. A fork takes the reference of the top; what is older than a live
// fork is cloned before its first write, and the collector frees the original. There is no test of the walker's position here: a
// clone is at most 2 KB.
//
// Beside the heads each leaf keeps the earliest expiry of every segment, at the first of its neighbouring places (the others hold Never), and the
// earliest of them all, as the directory does of its leaves: so the active expire cycle (ExpirySweep) reads flat arrays and skips most of them. These
// are bounds from below: deleting the earliest key leaves them as they are, until the cycle comes by. Forks do not read them, so a clone takes the
// array along.

/// <summary>Finds the segment of a hash.</summary>
internal sealed class Directory
{
    public const long Never = long.MaxValue;

    private readonly ForkEpochs _forks;
    private DirectoryLeaf[] _top;
    private uint _topBirth;
    private int _topBits;

    public Directory(ForkEpochs forks)
    {
        _forks = forks;
        _topBirth = forks.Current;
        _top = [new DirectoryLeaf(0, 0, new uint[1], forks.Current)];
    }

    private Directory(Directory original)
    {
        _forks = original._forks;
        _top = original._top;
        _topBirth = original._topBirth;
        _topBits = original._topBits;
        Bytes = original.Bytes;
        Earliest = original.Earliest;
    }

    /// <summary>The top level, for a fork to keep: it will not change while the fork lives.</summary>
    public DirectoryLeaf[] Top => _top;

    /// <summary>Bytes of the arrays, roughly.</summary>
    public long Bytes { get; private set; } = 128;

    /// <summary>The earliest expiry of all its segments, or a bound below it.</summary>
    public long Earliest { get; private set; } = Never;

    /// <summary>
    /// Another directory over the same arrays; whichever is written to must be the only one that is, and forks must see the other. O(1).
    /// </summary>
    public Directory Clone() => new(this);

    /// <summary>The leaf of a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DirectoryLeaf LeafOf(ulong hash) =>
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_top), (nint)((hash >> 1) >> (63 - _topBits)));

    /// <summary>The head of the segment of a hash, or 0 while the table is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint HeadOf(ulong hash)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        return leaf.Heads[leaf.IndexOf(hash)];
    }

    /// <summary>Asks for the cache line that <see cref="HeadOf"/> reads.</summary>
    public void Prefetch(ulong hash)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        CacheLine.Prefetch(ref Unsafe.As<uint, byte>(ref leaf.Heads[leaf.IndexOf(hash)]));
    }

    /// <summary>The leaf of a hash, cloned first if a fork sees it.</summary>
    public DirectoryLeaf WritableLeafOf(ulong hash)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        if (!_forks.IsShared(leaf.Birth)) return leaf;
        DirectoryLeaf clone = leaf.Clone(_forks.Current);
        PutLeaf(hash, leaf.Depth, clone);
        return clone;
    }

    /// <summary>Makes a head that of all hashes that share the leading bits of this one.</summary>
    public void SetHead(ulong hash, int depth, uint head)
    {
        DirectoryLeaf leaf = WritableLeafOf(hash);
        leaf.PlacesOf(hash, depth, out int first, out int count);
        leaf.Heads.AsSpan(first, count).Fill(head);
    }

    /// <summary>Puts two heads in the place of one, which had this depth.</summary>
    public void Split(ulong hash, int depth, uint low, uint high)
    {
        DirectoryLeaf leaf = WritableLeafOf(hash);
        if (depth == leaf.Depth + leaf.Bits)
        {
            Deepen(hash, leaf);
            leaf = LeafOf(hash);
        }

        leaf.PlacesOf(hash, depth, out int first, out int count);
        leaf.Heads.AsSpan(first, count / 2).Fill(low);
        leaf.Heads.AsSpan(first + count / 2, count / 2).Fill(high);
        leaf.SetEarliest(first, Never);
    }

    /// <summary>Puts one head, of this depth, in the place of several that lie in one leaf.</summary>
    public void Merge(ulong hash, int depth, uint head)
    {
        DirectoryLeaf leaf = WritableLeafOf(hash);
        leaf.PlacesOf(hash, depth, out int first, out int count);
        leaf.Heads.AsSpan(first, count).Fill(head);
        for (int place = first; place < first + count; place++)
            leaf.SetEarliest(place, Never);
    }

    /// <summary>
    /// Makes the leaf of a hash as small as its segments allow, and one of it and its sibling if they fit into half a leaf, and so on. Not while
    /// a fork lives. O(places of a leaf).
    /// </summary>
    public void Fold(ulong hash)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        while (Halve(leaf) && leaf.Depth > 0)
        {
            ulong bit = 1ul << (64 - leaf.Depth);
            DirectoryLeaf sibling = LeafOf(hash ^ bit);
            if (sibling.Depth != leaf.Depth || !Halve(sibling)) return;
            leaf = (hash & bit) == 0 ? Join(leaf, sibling) : Join(sibling, leaf);
            PutLeaf(hash, leaf.Depth, leaf);
        }
    }

    /// <summary>Halves the top as often as its leaves allow. Not while a fork lives. O(leaves).</summary>
    public void FoldTop()
    {
        while (_topBits > 0)
        {
            foreach (DirectoryLeaf leaf in _top)
            {
                if (leaf.Depth == _topBits) return;
            }

            var halved = new DirectoryLeaf[_top.Length / 2];
            for (int i = 0; i < halved.Length; i++)
                halved[i] = _top[2 * i];
            Bytes -= halved.Length * 8;
            _top = halved;
            _topBits--;
        }
    }

    // True if it is small enough, then, to be joined with another.
    private bool Halve(DirectoryLeaf leaf)
    {
        while (leaf.TryHalve())
            Bytes -= leaf.Heads.Length * sizeof(uint);
        return leaf.Bits <= DirectoryLeaf.MaxBits - 2;
    }

    private DirectoryLeaf Join(DirectoryLeaf low, DirectoryLeaf high)
    {
        while (low.Bits != high.Bits)
        {
            DirectoryLeaf smaller = low.Bits < high.Bits ? low : high;
            Bytes += smaller.Heads.Length * sizeof(uint);
            smaller.Double();
        }

        return DirectoryLeaf.Join(low, high, _forks.Current);
    }

    /// <summary>The earliest expiry of the segment of a hash, or a bound below it.</summary>
    public long EarliestExpiryOf(ulong hash, int depth)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        leaf.PlacesOf(hash, depth, out int first, out _);
        return leaf.EarliestAt(first);
    }

    /// <summary>Notes that a key of the segment of a hash expires at a time.</summary>
    public void NoteExpiry(ulong hash, int depth, long unixMs)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        leaf.PlacesOf(hash, depth, out int first, out _);
        if (unixMs < leaf.EarliestAt(first)) leaf.SetEarliest(first, unixMs);
        Earliest = Math.Min(Earliest, unixMs);
    }

    /// <summary>Replaces the bound of a segment by what was found there.</summary>
    public void SetEarliest(ulong hash, int depth, long unixMs)
    {
        DirectoryLeaf leaf = LeafOf(hash);
        leaf.PlacesOf(hash, depth, out int first, out _);
        leaf.SetEarliest(first, unixMs);
    }

    /// <summary>Raises the bounds of leaves that begin before a time, and of them all, to what those of the segments say. O(leaves).</summary>
    public void TightenEarliest(long unixMs)
    {
        long earliest = Never;
        for (int i = 0; i < _top.Length; i += 1 << (_topBits - _top[i].Depth))
        {
            DirectoryLeaf leaf = _top[i];
            if (leaf.Earliest < unixMs) leaf.TightenEarliest();
            earliest = Math.Min(earliest, leaf.Earliest);
        }

        Earliest = earliest;
    }

    private void Deepen(ulong hash, DirectoryLeaf leaf)
    {
        if (leaf.Bits < DirectoryLeaf.MaxBits)
        {
            Bytes += leaf.Heads.Length * sizeof(uint);
            leaf.Double();
            return;
        }

        if (leaf.Depth == _topBits) DoubleTop();
        int depth = leaf.Depth;
        (DirectoryLeaf low, DirectoryLeaf high) = leaf.Split(_forks.Current);
        ulong bit = 1ul << (63 - depth);
        PutLeaf(hash & ~bit, depth + 1, low);
        PutLeaf(hash | bit, depth + 1, high);
        Deepen(hash, LeafOf(hash));
    }

    private void DoubleTop()
    {
        var doubled = new DirectoryLeaf[_top.Length * 2];
        for (int i = 0; i < _top.Length; i++)
            doubled[2 * i] = doubled[2 * i + 1] = _top[i];
        Bytes += _top.Length * 8;
        _top = doubled;
        _topBits++;
        _topBirth = _forks.Current;
    }

    private void PutLeaf(ulong hash, int depth, DirectoryLeaf leaf)
    {
        if (_forks.IsShared(_topBirth))
        {
            _top = (DirectoryLeaf[])_top.Clone();
            _topBirth = _forks.Current;
        }

        int count = 1 << (_topBits - depth);
        int first = (int)((hash >> 1) >> (63 - _topBits)) & ~(count - 1);
        _top.AsSpan(first, count).Fill(leaf);
    }
}

/// <summary>A lower level of the directory: the heads of the segments under one prefix.</summary>
internal sealed class DirectoryLeaf(int depth, int bits, uint[] heads, uint birth)
{
    public const int MaxBits = 9;
    public const int NoPlace = -1;

    private long[]? _earliest;

    /// <summary>The epoch that it was made in.</summary>
    public uint Birth { get; } = birth;

    /// <summary>How many leading bits chose it.</summary>
    public int Depth { get; } = depth;

    /// <summary>How many further bits choose a place in it.</summary>
    public int Bits { get; private set; } = bits;

    /// <summary>The id of the head at each place.</summary>
    public uint[] Heads { get; private set; } = heads;

    /// <summary>The earliest expiry of all its segments, or a bound below it.</summary>
    public long Earliest { get; private set; } = Directory.Never;

    /// <summary>The place of a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int IndexOf(ulong hash) => (int)(((hash << Depth) >> 1) >> (63 - Bits));

    /// <summary>The places of a segment of so many leading bits.</summary>
    public void PlacesOf(ulong hash, int segmentDepth, out int first, out int count)
    {
        count = 1 << (Depth + Bits - segmentDepth);
        first = IndexOf(hash) & ~(count - 1);
    }

    /// <summary>The earliest expiry at a segment's first place.</summary>
    public long EarliestAt(int place) => _earliest == null ? Directory.Never : _earliest[place];

    /// <summary>Sets the earliest expiry at a segment's first place.</summary>
    public void SetEarliest(int place, long unixMs)
    {
        if (_earliest == null)
        {
            if (unixMs == Directory.Never) return;
            _earliest = new long[Heads.Length];
            _earliest.AsSpan().Fill(Directory.Never);
        }

        _earliest[place] = unixMs;
        Earliest = Math.Min(Earliest, unixMs);
    }

    /// <summary>Raises the earliest of all to the earliest of the places.</summary>
    public void TightenEarliest()
    {
        long earliest = Directory.Never;
        foreach (long bound in _earliest ?? [])
            earliest = Math.Min(earliest, bound);
        Earliest = earliest;
    }

    /// <summary>The first place from one on whose earliest expiry is before a time, or <see cref="NoPlace"/>. O(places), two at a time.</summary>
    public int FirstBefore(long unixMs, int from)
    {
        if (Earliest >= unixMs || _earliest == null) return NoPlace;
        ReadOnlySpan<long> bounds = _earliest;
        ref long first = ref MemoryMarshal.GetReference(bounds);
        // Not wider, and not from a span: the compiled server has such code ready, where a first call would have to wait for the compiler.
        var limit = Vector128.Create(unixMs);
        int place = from;
        while (place + Vector128<long>.Count <= bounds.Length && Vector128.GreaterThanOrEqualAll(Vector128.LoadUnsafe(ref first, (nuint)place), limit))
            place += Vector128<long>.Count;
        while (place < bounds.Length && bounds[place] >= unixMs)
            place++;
        return place < bounds.Length ? place : NoPlace;
    }

    /// <summary>The lowest hash of a place, given any hash of the leaf.</summary>
    public ulong HashAt(ulong hash, int place)
    {
        int bits = Depth + Bits;
        return bits == 0 ? 0 : (FirstHash(hash) | ((ulong)place << (64 - bits)));
    }

    /// <summary>The lowest hash behind the leaf, given any of the leaf; 0 behind the last one.</summary>
    public ulong HashBehind(ulong hash) => Depth == 0 ? 0 : FirstHash(hash) + (1ul << (64 - Depth));

    private ulong FirstHash(ulong hash) => Depth == 0 ? 0 : hash & ~(ulong.MaxValue >> Depth);

    /// <summary>A leaf for the keyspace to write to while forks keep this one; the expiries go along, since forks do not read them.</summary>
    public DirectoryLeaf Clone(uint birth) =>
        new(Depth, Bits, (uint[])Heads.Clone(), birth) { _earliest = _earliest, Earliest = Earliest };

    /// <summary>Gives every segment twice its places.</summary>
    public void Double()
    {
        uint[] heads = new uint[Heads.Length * 2];
        for (int i = 0; i < Heads.Length; i++)
            heads[2 * i] = heads[2 * i + 1] = Heads[i];
        if (_earliest != null)
        {
            long[] earliest = new long[heads.Length];
            earliest.AsSpan().Fill(Directory.Never);
            for (int i = 0; i < _earliest.Length; i++)
                earliest[2 * i] = _earliest[i];
            _earliest = earliest;
        }

        Heads = heads;
        Bits++;
    }

    /// <summary>Gives every segment half its places; false if one has no two.</summary>
    public bool TryHalve()
    {
        if (Bits == 0) return false;
        for (int i = 0; i < Heads.Length; i += 2)
        {
            if (Heads[i] != Heads[i + 1]) return false;
        }

        uint[] heads = new uint[Heads.Length / 2];
        for (int i = 0; i < heads.Length; i++)
            heads[i] = Heads[2 * i];
        long[]? earliest = _earliest == null ? null : new long[heads.Length];
        for (int i = 0; i < heads.Length && _earliest != null; i++)
            earliest![i] = _earliest[2 * i];
        _earliest = earliest;
        Heads = heads;
        Bits--;
        return true;
    }

    /// <summary>One leaf, of a bit less, in the place of two that have as many places.</summary>
    public static DirectoryLeaf Join(DirectoryLeaf low, DirectoryLeaf high, uint birth)
    {
        var joined = new DirectoryLeaf(low.Depth - 1, low.Bits + 1, [.. low.Heads, .. high.Heads], birth);
        for (int i = 0; i < low.Heads.Length; i++)
        {
            joined.SetEarliest(i, low.EarliestAt(i));
            joined.SetEarliest(low.Heads.Length + i, high.EarliestAt(i));
        }

        return joined;
    }

    /// <summary>Two leaves, of a bit more each, in its place.</summary>
    public (DirectoryLeaf Low, DirectoryLeaf High) Split(uint birth)
    {
        int half = Heads.Length / 2;
        return (Half(0, half, birth), Half(half, half, birth));
    }

    private DirectoryLeaf Half(int first, int count, uint birth)
    {
        var half = new DirectoryLeaf(Depth + 1, Bits - 1, Heads.AsSpan(first, count).ToArray(), birth);
        if (_earliest != null)
        {
            for (int i = 0; i < count; i++)
                half.SetEarliest(i, _earliest[first + i]);
        }

        return half;
    }
}
