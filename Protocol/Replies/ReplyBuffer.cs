using System.Buffers;
using System.Numerics;

namespace KestrelFree.Protocol;

// The replies that one client has yet to be sent, as a chain of chunks. A client without pending replies owns none.
//
//   sealed chunks, oldest first                                      the tail, being written
//   [ sent | pending ] [ pending ] [ shared, immutable ] ...         [ pending | free ]
//
// - The first chunk of an answer is StartBytes long: 2 KB for a new client, then what its answers need, 1 to 16 KB,
//   since most answers are small and thousands of clients may have one in the same turn. The owner of the buffer decides
//   now and then by PeakBytes, the most that was wanted of it (Resize, ForgetPeak). When it overflows it is copied once into
//   a 16 KB chunk instead of being sealed, so that an ordinary answer stays in one piece and goes out with one send.
// - A long value gets a chunk of its own size, up to 1 MB; longer ones a row of such chunks, which return to the pool one
//   by one as they are sent.
// - A chunk shared by many clients is referred to, not copied, when it is long, or when no more than a few such are
//   pending: thousands of subscribers of a channel need no chunk then. Otherwise a short one is copied, since many messages
//   take less room so.
// - Length is O(1): limits on output buffers look at it after every command.
//
// Deferred lengths: the number of elements is often known only after they are written. BeginDeferred leaves room for the
// longest header, and ending it writes the header at the front of that room and moves what follows in the same chunk up
// behind it. Splitting the chunk at the gap would move nothing but leave every such reply in two pieces. Hence nested ones
// must end innermost first.

/// <summary>A position in a reply buffer; valid until bytes are consumed, or a deferred length that began before it ends.</summary>
/// <param name="Position">Bytes since the buffer was created.</param>
public readonly record struct ReplyMark(long Position);

/// <summary>A header whose number is yet to be known.</summary>
/// <param name="Position">Where its room begins, in bytes since the buffer was created.</param>
public readonly record struct DeferredLength(long Position);

/// <summary>The pending output of one client. Single-threaded.</summary>
public sealed class ReplyBuffer : IBufferWriter<byte>
{
    private const int ChunkBytes = 16 * 1024;
    private const int LargeChunkBytes = 64 * 1024;

    /// <summary>A shared reply of this length or more is referred to even behind other bytes.</summary>
    private const int ReferBytes = 512;

    /// <summary>So many shorter ones are referred to while nothing else is pending, and need no chunk.</summary>
    private const int MaxShortReferred = 16;

    /// <summary>So few bytes move into the chunk of what follows, such as a value's header into the value's own.</summary>
    private const int MovedBytes = 2 * 1024;

    /// <summary>The least that an answer's first chunk has, in bytes.</summary>
    private const int LeastStartBytes = 1024;

    /// <summary>What a new client's answers begin in, in bytes.</summary>
    private const int FirstStartBytes = 2048;

    private readonly BufferPool _pool;
    private byte[]? _tail;
    private int _tailStart;
    private int _tailEnd;
    private Segment[] _sealed = [];
    private int _head;
    private int _sealedCount;
    private long _sealedBytes;
    private long _sealedOwnedBytes;
    private long _consumed;

    // Half of the beginning: neither too little nor too much, until something is known.
    private int _peak = FirstStartBytes / 2;

    /// <summary>Creates an empty buffer.</summary>
    public ReplyBuffer(BufferPool pool) => _pool = pool;

    /// <summary>The pending bytes; O(1).</summary>
    public long Length => _sealedBytes + _tailEnd - _tailStart;

    /// <summary>Whether nothing is pending.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>How many pieces the pending bytes lie in.</summary>
    public int SegmentCount => _sealedCount + (_tailEnd > _tailStart ? 1 : 0);

    /// <summary>The bytes of memory held, shared chunks included; O(1).</summary>
    public long OwnedBytes => _sealedOwnedBytes + (_tail?.Length ?? 0);

    /// <summary>The length of the chunk that the next answer begins in, 1 to 16 KB; it is not held while nothing is pending.</summary>
    public int StartBytes { get; private set; } = FirstStartBytes;

    /// <summary>The most that an answer has put into its first chunk since <see cref="ForgetPeak"/>; no more than <see cref="StartBytes"/>.</summary>
    public int PeakBytes => Math.Max(_peak, WithinStart);

    /// <summary>
    /// The memory of the first chunk if that is an answer's beginning, in bytes; 0 while nothing is pending or a value's own chunk or a shared
    /// one is first.
    /// </summary>
    public int FirstChunkBytes => IsFirstOrdinary ? First.Array.Length : 0;

    /// <summary>How many of the pending bytes lie in that chunk.</summary>
    public int FirstChunkPending => IsFirstOrdinary ? First.Length : 0;

    private bool IsFirstOrdinary => !IsEmpty && First is { Ownership: Ownership.Pooled, Array.Length: <= ChunkBytes };

    private Segment First => _sealedCount > 0 ? SealedAt(0) : new Segment(_tail!, _tailStart, _tailEnd, Ownership.Pooled);

    private int WithinStart => (int)Math.Min(Length, StartBytes);

    /// <summary>Room for at least <paramref name="sizeHint"/> contiguous bytes at the end; nothing is added before <see cref="Advance"/>.</summary>
    public Span<byte> GetSpan(int sizeHint = 1)
    {
        byte[]? tail = _tail;
        if (tail is null || tail.Length - _tailEnd < sizeHint) tail = MakeRoom(sizeHint);
        return tail.AsSpan(_tailEnd);
    }

    /// <inheritdoc cref="GetSpan"/>
    public Memory<byte> GetMemory(int sizeHint = 1)
    {
        GetSpan(sizeHint);
        return _tail.AsMemory(_tailEnd);
    }

    /// <summary>Adds the first <paramref name="count"/> bytes of the last <see cref="GetSpan"/>.</summary>
    public void Advance(int count) => _tailEnd += count;

    /// <summary>Adds a copy of bytes; O(their number).</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        byte[]? tail = _tail;
        if (tail is not null && tail.Length - _tailEnd >= bytes.Length)
        {
            bytes.CopyTo(tail.AsSpan(_tailEnd));
            _tailEnd += bytes.Length;
        }
        else
        {
            AppendSlow(bytes);
        }
    }

    /// <summary>Adds bytes that other clients receive too; O(1) where they are referred to.</summary>
    public void AppendShared(SharedReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Length < ReferBytes && !IsEmpty && (_tail is not null || _sealedCount >= MaxShortReferred))
        {
            Append(reply.Bytes);
            return;
        }

        if (reply.Length == 0) return;
        SealTail();
        Enqueue(new Segment(reply.Array, 0, reply.Length, Ownership.Shared));
    }

    /// <summary>The first contiguous pending bytes; false if there are none.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> segment)
    {
        if (_sealedCount > 0)
        {
            ref readonly Segment first = ref SealedAt(0);
            segment = first.Array.AsSpan(first.Start, first.Length);
            return true;
        }

        segment = new ReadOnlySpan<byte>(_tail, _tailStart, _tailEnd - _tailStart);
        return !segment.IsEmpty;
    }

    /// <summary>
    /// The first contiguous pending bytes, or, where these are few and more follow, as many as fit copied into <paramref name="scratch"/>.
    /// </summary>
    public ReadOnlySpan<byte> PeekGathered(Span<byte> scratch)
    {
        TryPeek(out ReadOnlySpan<byte> first);
        return first.Length >= ChunkBytes || first.Length == Length ? first : scratch[..CopyPending(scratch)];
    }

    /// <summary>Copies the first pending bytes, as many as fit; returns how many.</summary>
    public int CopyPending(Span<byte> target)
    {
        int copied = 0;
        for (int i = 0; i < _sealedCount && copied < target.Length; i++)
        {
            ref readonly Segment segment = ref SealedAt(i);
            copied += CopySome(segment.Array.AsSpan(segment.Start, segment.Length), target[copied..]);
        }

        return copied + CopySome(new ReadOnlySpan<byte>(_tail, _tailStart, _tailEnd - _tailStart), target[copied..]);
    }

    /// <summary>Drops bytes that were sent, giving back the chunks that this empties; O(chunks emptied).</summary>
    public void Consume(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (ulong)Length);
        _peak = PeakBytes;
        _consumed += bytes;
        while (_sealedCount > 0 && bytes > 0)
        {
            ref Segment first = ref SealedAt(0);
            int taken = Math.Min(bytes, first.Length);
            first.Start += taken;
            _sealedBytes -= taken;
            bytes -= taken;
            if (first.Length == 0) DropFirst();
        }

        _tailStart += bytes;
        if (_tailStart == _tailEnd && _tail is not null) DropTail();
    }

    /// <summary>Has the next answers begin in a chunk of at least so many bytes, within 1 and 16 KB; what is pending stays where it is.</summary>
    public void Resize(int bytes)
    {
        StartBytes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(bytes, LeastStartBytes, ChunkBytes));
        _peak = Math.Min(_peak, StartBytes);
    }

    /// <summary>Begins a new peak with what is pending.</summary>
    public void ForgetPeak() => _peak = WithinStart;

    /// <summary>The present end, to return to with <see cref="Rollback"/>.</summary>
    public ReplyMark Mark() => new(_consumed + Length);

    /// <summary>Drops everything that was added since the mark; O(chunks dropped).</summary>
    public void Rollback(ReplyMark mark)
    {
        long excess = _consumed + Length - mark.Position;
        ArgumentOutOfRangeException.ThrowIfNegative(excess, nameof(mark));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(excess, Length, nameof(mark));
        int fromTail = (int)Math.Min(excess, _tailEnd - _tailStart);
        _tailEnd -= fromTail;
        excess -= fromTail;
        while (excess > 0)
        {
            ref Segment last = ref SealedAt(_sealedCount - 1);
            int taken = (int)Math.Min(excess, last.Length);
            last.End -= taken;
            _sealedBytes -= taken;
            excess -= taken;
            if (last.Length == 0) DropLast();
        }

        if (IsEmpty && _tail is not null) DropTail();
    }

    /// <summary>Drops everything: the client is gone. O(chunks).</summary>
    public void Release()
    {
        _consumed += Length;
        while (_sealedCount > 0)
            DropLast();
        _sealedBytes = 0;
        if (_tail is not null) DropTail();
    }

    /// <summary>Copies what is pending; for tests and for building a <see cref="SharedReply"/>.</summary>
    public byte[] ToArray()
    {
        byte[] all = new byte[Length];
        CopyPending(all);
        return all;
    }

    /// <summary>Makes what is pending a reply for many clients, and empties this buffer.</summary>
    public SharedReply ToShared()
    {
        SharedReply reply = SharedReply.Create(ToArray());
        Release();
        return reply;
    }

    /// <summary>Leaves room for a header.</summary>
    internal DeferredLength BeginDeferred()
    {
        var deferred = new DeferredLength(_consumed + Length);
        GetSpan(RespHeader.MaxBytes);
        Advance(RespHeader.MaxBytes);
        return deferred;
    }

    /// <summary>Writes the header into its room and closes the gap behind it; O(bytes behind it in its chunk).</summary>
    internal void EndDeferred(DeferredLength deferred, byte type, long number)
    {
        Span<byte> header = stackalloc byte[RespHeader.MaxBytes];
        EndDeferred(deferred, header[..RespHeader.Write(header, type, number)]);
    }

    /// <summary>Writes what has been encoded into the room of a header, and closes the gap behind it; O(bytes behind it in its chunk).</summary>
    internal void EndDeferred(DeferredLength deferred, ReadOnlySpan<byte> encoded)
    {
        long fromEnd = _consumed + Length - deferred.Position;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fromEnd, Length, nameof(deferred));
        ArgumentOutOfRangeException.ThrowIfLessThan(fromEnd, RespHeader.MaxBytes, nameof(deferred));
        int tailBytes = _tailEnd - _tailStart;
        if (fromEnd <= tailBytes)
        {
            _tailEnd -= CloseGap(_tail.AsSpan(_tailEnd - (int)fromEnd, (int)fromEnd), encoded);
            return;
        }

        fromEnd -= tailBytes;
        int index = _sealedCount - 1;
        while (fromEnd > SealedAt(index).Length)
            fromEnd -= SealedAt(index--).Length;
        ref Segment segment = ref SealedAt(index);
        int gap = CloseGap(segment.Array.AsSpan(segment.End - (int)fromEnd, (int)fromEnd), encoded);
        segment.End -= gap;
        _sealedBytes -= gap;
    }

    private static int CloseGap(Span<byte> fromRoom, ReadOnlySpan<byte> encoded)
    {
        encoded.CopyTo(fromRoom[..RespHeader.MaxBytes]);
        fromRoom[RespHeader.MaxBytes..].CopyTo(fromRoom[encoded.Length..]);
        return RespHeader.MaxBytes - encoded.Length;
    }

    private static int CopySome(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int count = Math.Min(source.Length, destination.Length);
        source[..count].CopyTo(destination);
        return count;
    }

    private byte[] MakeRoom(int size)
    {
        int used = _tailEnd - _tailStart;
        if (_tail is null || used == 0)
        {
            bool starts = size <= StartBytes && _sealedCount == 0;
            return ReplaceTail(starts ? StartBytes : NextChunkBytes(size));
        }

        if (_tail.Length < ChunkBytes || used <= MovedBytes) return ReplaceTail(NextChunkBytes(used + size));
        SealTail();
        return ReplaceTail(NextChunkBytes(size));
    }

    private void AppendSlow(ReadOnlySpan<byte> bytes)
    {
        // A whole chunk for the whole value if that is possible; otherwise fill up what there is.
        if (_tail is null || _tail.Length < ChunkBytes || _tailEnd - _tailStart <= MovedBytes)
            MakeRoom(Math.Min(bytes.Length, BufferPool.MaxPooledBytes - ChunkBytes));
        while (!bytes.IsEmpty)
        {
            if (_tail is null || _tailEnd == _tail.Length) MakeRoom(Math.Min(bytes.Length, BufferPool.MaxPooledBytes));
            int copied = CopySome(bytes, _tail.AsSpan(_tailEnd));
            _tailEnd += copied;
            bytes = bytes[copied..];
        }
    }

    private int NextChunkBytes(int needed) => Math.Max(needed, Length >= LargeChunkBytes ? LargeChunkBytes : ChunkBytes);

    private byte[] ReplaceTail(int bytes)
    {
        byte[] chunk = _pool.Rent(bytes);
        int used = _tailEnd - _tailStart;
        if (_tail is not null)
        {
            _tail.AsSpan(_tailStart, used).CopyTo(chunk);
            _pool.Return(_tail);
        }

        _tail = chunk;
        _tailStart = 0;
        _tailEnd = used;
        return chunk;
    }

    private void SealTail()
    {
        if (_tail is null) return;
        if (_tailEnd == _tailStart)
        {
            DropTail();
            return;
        }

        Enqueue(new Segment(_tail, _tailStart, _tailEnd, Ownership.Pooled));
        _tail = null;
        _tailStart = 0;
        _tailEnd = 0;
    }

    private void DropTail()
    {
        _pool.Return(_tail!);
        _tail = null;
        _tailStart = 0;
        _tailEnd = 0;
    }

    private ref Segment SealedAt(int index) => ref _sealed[(_head + index) & (_sealed.Length - 1)];

    private void Enqueue(in Segment segment)
    {
        if (_sealedCount == _sealed.Length) GrowSealed();
        SealedAt(_sealedCount++) = segment;
        _sealedBytes += segment.Length;
        _sealedOwnedBytes += segment.Array.Length;
    }

    private void GrowSealed()
    {
        var grown = new Segment[Math.Max(4, _sealed.Length * 2)];
        for (int i = 0; i < _sealedCount; i++)
            grown[i] = SealedAt(i);
        _sealed = grown;
        _head = 0;
    }

    private void DropFirst()
    {
        const int KeptSegments = 64;
        FreeSealed(0);
        _head = (_head + 1) & (_sealed.Length - 1);
        _sealedCount--;
        if (_sealedCount == 0 && _sealed.Length > KeptSegments)
        {
            _sealed = [];
            _head = 0;
        }
    }

    private void DropLast()
    {
        FreeSealed(_sealedCount - 1);
        _sealedCount--;
    }

    private void FreeSealed(int index)
    {
        ref Segment segment = ref SealedAt(index);
        _sealedOwnedBytes -= segment.Array.Length;
        if (segment.Ownership == Ownership.Pooled) _pool.Return(segment.Array);
        segment = default;
    }

    private enum Ownership : byte
    {
        Pooled,
        Shared,
    }

    private struct Segment(byte[] array, int start, int end, Ownership ownership)
    {
        internal readonly byte[] Array = array;
        internal readonly Ownership Ownership = ownership;
        internal int Start = start;
        internal int End = end;

        internal readonly int Length => End - Start;
    }
}
