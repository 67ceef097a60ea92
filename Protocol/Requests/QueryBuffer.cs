namespace KestrelFree.Protocol;

// A client's received bytes that have yet to be executed. Most clients, most of the time, send whole requests and own no
// bytes at all: they are received into the loop's shared buffer, parsed and run there, and nothing is left.
//
//   idle      no bytes, no array
//   shared    during the client's turn: the loop's 64 KB array         --Settle, nothing left-->  idle
//                                                                       --Settle, leftovers----->  private
//   private   a pooled array of its own                                 --GetReadSpan, <= 16 KB->  shared (leftovers in front)
//                                                                       --Settle, nothing left-->  idle
//
// Leftovers are as a rule the first part of one request. Putting them in front of the shared array costs a short copy and
// lets each receive take up to 64 KB. Longer ones stay private, and their array grows to at least twice what is in it, so
// that a long request is copied a constant number of times however it is cut.
//
// When the parser knows that a big argument is on its way, the array grows to its size at once, and by then handlers see
// it as a slice of this array. Since announcing 512 MB takes 11 bytes, the array first grows to 1 MB only, and to the
// announced size when that much has come. A little slack behind the argument takes what follows it in the same request;
// without it `SET key <512 MB> EX 10` would be copied again for its last two words.

/// <summary>The receive buffer of one client. It must not be shared between threads, nor outlive its pool.</summary>
public sealed class QueryBuffer
{
    private const int MinReadBytes = 16 * 1024;
    private const int MaxReadBytes = 1024 * 1024;
    private const int MaxMovedLeftover = 16 * 1024;
    private const int RoomyBytes = 64 * 1024;
    private const int SlackBytes = 16 * 1024;

    /// <summary>What a client must have sent before more is reserved on its word.</summary>
    private const int TrustedBytes = 1024 * 1024;

    private readonly BufferPool _pool;
    private readonly ReceiveBuffer _receive;
    private byte[]? _array;
    private int _start;
    private int _end;
    private bool _isPrivate;

    /// <summary>Creates an idle buffer.</summary>
    public QueryBuffer(BufferPool pool, ReceiveBuffer receive)
    {
        _pool = pool;
        _receive = receive;
    }

    /// <summary>The number of unread bytes.</summary>
    public int Length => _end - _start;

    /// <summary>The received bytes that have not been consumed.</summary>
    public ReadOnlySpan<byte> Unread => new(_array, _start, _end - _start);

    /// <summary>The bytes of memory that this client holds.</summary>
    public int OwnedBytes => _isPrivate ? _array!.Length : 0;

    /// <summary>The bytes of memory that this client holds without having filled them.</summary>
    public int FreeBytes => _isPrivate ? _array!.Length - Length : 0;

    /// <summary>
    /// Where to receive next: some 16 KB to 1 MB. Empty only when the request has reached the size of an array, which a
    /// limit should have ended before. Ends every span handed out so far; until <see cref="Settle"/> no other client of
    /// the loop may be read. Amortised O(1) per byte received.
    /// </summary>
    /// <param name="bytesWanted"><see cref="RequestParser.BytesWanted"/>.</param>
    public Span<byte> GetReadSpan(int bytesWanted)
    {
        if (_array is null) UseShared();
        else if (_isPrivate && Length <= MaxMovedLeftover && bytesWanted <= ReceiveBuffer.Bytes) MoveToShared();
        else EnsureRoom(bytesWanted);
        return _array.AsSpan(_end, Math.Min(_array!.Length - _end, MaxReadBytes));
    }

    /// <summary>The same as memory, with room for <paramref name="roomBytes"/> at least: for what is decrypted into it.</summary>
    public Memory<byte> GetReadMemory(int bytesWanted, int roomBytes)
    {
        int length = GetReadSpan(Math.Max(bytesWanted, Length + roomBytes)).Length;
        return _array.AsMemory(_end, length);
    }

    /// <summary>Says how many bytes were put into the span from <see cref="GetReadSpan"/>.</summary>
    public void Commit(int received)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)received, (uint)((_array?.Length ?? 0) - _end));
        _end += received;
    }

    /// <summary>Drops bytes from the front; O(1).</summary>
    public void Consume(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)Length);
        _start += bytes;
    }

    /// <summary>
    /// Ends the client's turn: leaves the shared buffer, makes room for a big argument on its way, so that its memory is accounted
    /// for from now on, and gives back what is not needed. O(leftovers).
    /// </summary>
    /// <param name="bytesWanted"><see cref="RequestParser.BytesWanted"/>.</param>
    public void Settle(int bytesWanted)
    {
        if (_array is null) return;
        bool awaitsMore = bytesWanted > Math.Max(ReceiveBuffer.Bytes, Length);
        if (Length == 0) Release();
        else if (awaitsMore) EnsureOwnRoom(bytesWanted);
        else if (!_isPrivate || (_array.Length > RoomyBytes && Length <= MaxMovedLeftover)) MoveTo(_pool.Rent(Length));
    }

    /// <summary>Gives back the room that is not filled: who was to fill it has fallen silent. O(leftovers).</summary>
    public void Shrink()
    {
        if (_isPrivate && FreeBytes > Math.Max(RoomyBytes, Length)) MoveTo(_pool.Rent(Length));
    }

    /// <summary>Drops everything: the client is gone. O(1).</summary>
    public void Release()
    {
        if (_isPrivate) _pool.Return(_array!);
        _array = null;
        _isPrivate = false;
        _start = 0;
        _end = 0;
    }

    private void UseShared()
    {
        _array = _receive.Array;
        _isPrivate = false;
        _start = 0;
        _end = 0;
    }

    private void MoveToShared()
    {
        byte[] own = _array!;
        ReadOnlySpan<byte> leftover = Unread;
        int length = leftover.Length;
        UseShared();
        leftover.CopyTo(_array);
        _end = length;
        _pool.Return(own);
    }

    private void MoveTo(byte[] target)
    {
        int length = Length;
        Unread.CopyTo(target);
        if (_isPrivate) _pool.Return(_array!);
        _array = target;
        _isPrivate = true;
        _start = 0;
        _end = length;
    }

    private void EnsureRoom(int bytesWanted)
    {
        byte[] array = _array!;
        int required = RequiredBytes(bytesWanted);
        if (array.Length - _start >= required && _end < array.Length) return;

        if (_isPrivate && array.Length >= required && Length <= _start)
        {
            Unread.CopyTo(array);
            _end = Length;
            _start = 0;
            return;
        }

        // An argument that is most of its request gets what it needs; many of one request must not each move all before them.
        bool isMostOfRequest = Length <= bytesWanted / 2;
        int roomy = isMostOfRequest ? required : (int)Math.Min(Math.Max((long)required, 2L * Length), Array.MaxLength);
        if (roomy > array.Length - _start) MoveTo(_pool.Rent(Math.Max(roomy, RoomyBytes)));
    }

    private void EnsureOwnRoom(int bytesWanted)
    {
        if (_isPrivate) EnsureRoom(bytesWanted);
        else MoveTo(_pool.Rent(RequiredBytes(bytesWanted)));
    }

    private int RequiredBytes(int bytesWanted)
    {
        if (bytesWanted <= Length) return (int)Math.Min((long)Length + MinReadBytes, Array.MaxLength);
        if (bytesWanted > TrustedBytes + SlackBytes && Length < TrustedBytes / 2) return TrustedBytes;
        return (int)Math.Min((long)bytesWanted + SlackBytes, Array.MaxLength);
    }
}
