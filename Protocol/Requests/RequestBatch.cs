namespace KestrelFree.Protocol;

// The requests that lie complete in one client's query buffer, parsed before any of them runs, so that the command loop
// can look at all their keys first (prefetching them) and only then execute. One batch serves all clients of a loop in
// turn: it is scratch, and a client keeps nothing in it.
//
//   _slices    [ SET k v | GET k | INCR n | ... ]        one flat array, all requests behind one another
//   _requests  [ {first 0, count 3, end 33} {first 3, count 2, end 57} ... ]
//
// Offsets count from the start of the span that was parsed. `End` is where the following request begins, so a client that
// must stop after request i consumes EndOf(i) bytes and parses the rest again later.
//
// An inline request that needs unquoting cannot be slices of the client's bytes. Its arguments are decoded into _decoded
// and its slices point there. Decoding in place would be shorter, but a request that is parsed again must find its bytes
// as the client sent them.
//
// The batch also lends the lists in which parsers keep the slices of a request that has arrived in part: they are needed
// for a moment by few clients, so one small stack of them serves all, and nothing is allocated in the steady state.

/// <summary>The complete requests of one parse, shared by all clients of a loop.</summary>
public sealed class RequestBatch
{
    private const int KeptSlices = 64 * 1024;
    private const int KeptDecodedBytes = 128 * 1024;
    private const int KeptSpareLists = 8;

    private readonly SliceList _slices = new();
    private readonly Stack<SliceList> _spareLists = new(KeptSpareLists);
    private Entry[] _requests = new Entry[64];
    private byte[] _decoded = [];
    private int _decodedLength;

    private enum Origin
    {
        Multibulk,
        Inline,
        InlineDecoded,
    }

    /// <summary>The number of requests.</summary>
    public int Count { get; private set; }

    /// <summary>All requests' slices, one request after another.</summary>
    internal SliceList Slices => _slices;

    /// <summary>The arguments of request <paramref name="index"/>; O(1).</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="unread">The span that was parsed.</param>
    public ArgVector GetArgs(int index, ReadOnlySpan<byte> unread)
    {
        ref readonly Entry request = ref _requests.AsSpan(0, Count)[index];
        ReadOnlySpan<ArgSlice> slices = _slices.Items.AsSpan(request.First, request.ArgCount);
        return new ArgVector(request.Origin == Origin.InlineDecoded ? _decoded : unread, slices);
    }

    /// <summary>How many bytes of the parsed span lie before the request that follows request <paramref name="index"/>.</summary>
    public int EndOf(int index) => _requests.AsSpan(0, Count)[index].End;

    /// <summary>Whether request <paramref name="index"/> came as a line of text.</summary>
    public bool IsInline(int index) => _requests.AsSpan(0, Count)[index].Origin != Origin.Multibulk;

    /// <summary>Empties the batch for the next parse; O(1).</summary>
    public void Clear()
    {
        Count = 0;
        _decodedLength = 0;
        _slices.Clear(KeptSlices);
        if (_decoded.Length > KeptDecodedBytes) _decoded = [];
    }

    /// <summary>Adds a multibulk request whose slices are the last ones of <see cref="Slices"/>, from <paramref name="first"/> on.</summary>
    internal void AddMultibulk(int first, int end) => Add(new Entry(first, _slices.Count - first, end, Origin.Multibulk));

    /// <summary>
    /// Adds the inline request <paramref name="line"/>, if it has any words; false when its quotes do not balance.
    /// O(length).
    /// </summary>
    /// <param name="line">The request without its line end.</param>
    /// <param name="offset">Where it begins in the parsed span.</param>
    /// <param name="end">Where the next request begins.</param>
    internal bool TryAddInline(ReadOnlySpan<byte> line, int offset, int end)
    {
        int first = _slices.Count;
        Origin origin = Origin.Inline;
        if (line.IndexOfAny((byte)'"', (byte)'\'') < 0)
        {
            ArgumentSplitter.SplitWords(line, offset, _slices);
        }
        else
        {
            origin = Origin.InlineDecoded;
            if (!TryDecode(line))
            {
                _slices.Count = first;
                return false;
            }
        }

        if (_slices.Count > first) Add(new Entry(first, _slices.Count - first, end, origin));
        return true;
    }

    /// <summary>Lends a list for the slices of a request that has arrived in part.</summary>
    internal SliceList RentList() => _spareLists.TryPop(out SliceList? list) ? list : new SliceList();

    /// <summary>Takes back what <see cref="RentList"/> lent.</summary>
    internal void ReturnList(SliceList list)
    {
        list.Clear(KeptSlices);
        if (_spareLists.Count < KeptSpareLists) _spareLists.Push(list);
    }

    private bool TryDecode(ReadOnlySpan<byte> line)
    {
        // Unquoting never lengthens.
        if (_decoded.Length - _decodedLength < line.Length)
            Array.Resize(ref _decoded, Math.Max(_decodedLength + line.Length, _decoded.Length * 2));
        return ArgumentSplitter.TrySplitQuoted(line, _decoded, ref _decodedLength, _slices);
    }

    private void Add(in Entry request)
    {
        if (Count == _requests.Length) Array.Resize(ref _requests, Count * 2);
        _requests[Count++] = request;
    }

    private readonly record struct Entry(int First, int ArgCount, int End, Origin Origin);
}
