using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// list-compress-depth: the nodes inside of a list are kept compressed, all but so many at either end.
//
//     depth 1     [raw] [lzf] [lzf] [lzf] [raw]          what is pushed and popped is never compressed
//     depth 2     [raw] [raw] [lzf] [raw] [raw]
//
// A compressed node is the same listpack (or text) in another run, as LZF; its descriptor keeps the length and the count, so that all that
// reckons with nodes (limits, indices, joins) does not notice. It is never written to: an edit makes it raw first, and afterwards the list
// compresses again what the rule says (Quicklist.Settle). A node below 48 bytes, or one that would not become 8 bytes smaller, stays as it is.
// RDB files and DUMP take compressed nodes over as they are.
//
// Whoever reads a compressed node has a buffer of his own, since forks are read on other threads and cursors may be nested. The compressor
// is the keyspace's and the loop's alone.
//
// As in Redis a list keeps the depth that was configured when it became a sequence of nodes.

/// <summary>Compresses the nodes of lists. Belongs to the loop.</summary>
internal sealed class ListCompression
{
    /// <summary>A node of fewer bytes stays as it is.</summary>
    public const int MinBytes = 48;

    private const int MinSaved = 8;

    private readonly Lzf _lzf = new();
    private byte[] _output = [];

    /// <summary>Compresses a raw node that is private to its list; false if that saves too little, which the node then remembers. O(bytes).</summary>
    public bool TryCompress(PageStore pages, ref QuicklistNode node, Reach reach)
    {
        if (node.Bytes < MinBytes) return false;
        int most = node.Bytes - MinSaved;
        if (_output.Length < most) _output = GC.AllocateUninitializedArray<byte>(most);
        int length = _lzf.Compress(node.Span(pages), _output.AsSpan(0, most));
        if (length == 0)
        {
            node.IsIncompressible = true;
            return false;
        }

        QuicklistNode old = node;
        node = old.MovedTo(QuicklistNode.Allocate(pages, old.Bytes, length));
        node.CompressedBytes = length;
        _output.AsSpan(0, length).CopyTo(node.Stored(pages));
        pages.Retire(old.Kind, old.Id, reach);
        return true;
    }

    /// <summary>Makes a compressed node, which is private to its list, raw. O(bytes).</summary>
    public static void Decompress(PageStore pages, ref QuicklistNode node, Reach reach)
    {
        QuicklistNode old = node;
        node = old.MovedTo(QuicklistNode.Allocate(pages, old.Bytes, old.Bytes));
        Inflate(old.Stored(pages), node.Span(pages));
        pages.Retire(old.Kind, old.Id, reach);
    }

    /// <summary>
    /// The bytes of a node, raw or not, on any thread that may read it. They live in the page store, or in the buffer. O(1), O(bytes) if
    /// compressed.
    /// </summary>
    public static ReadOnlySpan<byte> Read(PageStore pages, scoped in QuicklistNode node, scoped ref byte[]? buffer)
    {
        if (!node.IsCompressed) return node.Span(pages);
        if (buffer == null || buffer.Length < node.Bytes) buffer = GC.AllocateUninitializedArray<byte>(node.Bytes);
        Span<byte> bytes = buffer.AsSpan(0, node.Bytes);
        Inflate(node.Stored(pages), bytes);
        return bytes;
    }

    private static void Inflate(ReadOnlySpan<byte> stored, Span<byte> bytes)
    {
        bool isSound = Lzf.TryDecompress(stored, bytes);
        Invariant.Check(isSound);
    }
}
