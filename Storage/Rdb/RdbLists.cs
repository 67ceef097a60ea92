using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// Lists in the RDB format.
//
//     ListQuicklist2   nodes  { 1 element | 2 listpack }
//     ListQuicklist    nodes  { ziplist }                       (before Redis 7.0)
//     ListZiplist      ziplist                                  (before Redis 3.2)
//     List             count  { element }
//
// A list that is one listpack is written as a quicklist of one node. What was read becomes one listpack again if it is a single node within the
// limit.

/// <summary>How lists are written and read.</summary>
internal static class RdbLists
{
    private const ulong PlainNode = 1;
    private const ulong PackedNode = 2;

    public static readonly RdbSaver[] Savers =
    [
        new(ValueForm.ListListpack, RdbType.ListQuicklist2, RdbFormat.Version, SaveListpack),
        new(ValueForm.ListQuicklist, RdbType.ListQuicklist2, RdbFormat.Version, SaveNodes),
    ];

    public static readonly RdbLoader[] Loaders =
    [
        new(RdbType.List, LoadElements),
        new(RdbType.ListZiplist, LoadZiplist),
        new(RdbType.ListQuicklist, LoadZiplists),
        new(RdbType.ListQuicklist2, LoadNodes),
    ];

    private static void SaveListpack(RdbWriter writer, in EntryView entry)
    {
        writer.WriteLength(1);
        writer.WriteLength(PackedNode);
        writer.WriteString(entry.PackedBytes);
    }

    private static void SaveNodes(RdbWriter writer, in EntryView entry)
    {
        Quicklist list = entry.Collection<Quicklist>();
        writer.WriteLength((ulong)list.NodeCount);
        for (long index = 0; index < list.Count;)
        {
            ref readonly QuicklistNode node = ref list.Find(index, out _);
            writer.WriteLength(node.IsPlain ? PlainNode : PackedNode);
            if (node.IsCompressed) writer.WriteCompressed(node.Stored(list.Pages), node.Bytes);
            else writer.WriteString(node.Span(list.Pages));
            index += node.Count;
        }
    }

    private static RdbValue LoadElements(scoped ref RdbReader reader, RdbLoading loading)
    {
        Keyspace keyspace = loading.Database.Keyspace;
        ListNodeLimit limit = LimitOf(keyspace);
        var list = new Quicklist(keyspace);
        try
        {
            for (ulong left = reader.ReadLength("number of elements"); left > 0; left--)
                list.Push(ListEnd.Tail, reader.ReadString("element"), limit);
        }
        catch
        {
            Discard(keyspace, list);
            throw;
        }

        return Taken(keyspace, list);
    }

    private static RdbValue LoadZiplist(scoped ref RdbReader reader, RdbLoading loading) =>
        OfListpack(loading.Database.Keyspace, RdbPacked.ReadZiplist(ref reader, loading, "Quicklist"));

    private static RdbValue LoadZiplists(scoped ref RdbReader reader, RdbLoading loading) => Load(ref reader, loading, ReadZiplistNode);

    private static RdbValue LoadNodes(scoped ref RdbReader reader, RdbLoading loading) => Load(ref reader, loading, ReadNode);

    private delegate ReadOnlySpan<byte> NodeReader(scoped ref RdbReader reader, RdbLoading loading, out NodeForm form);

    private static ReadOnlySpan<byte> ReadZiplistNode(scoped ref RdbReader reader, RdbLoading loading, out NodeForm form)
    {
        form = NodeForm.Packed;
        return RdbPacked.ReadZiplist(ref reader, loading, "Quicklist");
    }

    private static ReadOnlySpan<byte> ReadNode(scoped ref RdbReader reader, RdbLoading loading, out NodeForm form)
    {
        ulong container = reader.ReadLength("form of a node");
        if (container is not (PlainNode or PackedNode))
            reader.Fail("form of a node", $"{container} is none that is known");
        form = container == PlainNode ? NodeForm.Plain : NodeForm.Packed;
        ReadOnlySpan<byte> bytes = form == NodeForm.Plain ? reader.ReadString("element") : RdbPacked.ReadListpack(ref reader, "Quicklist");
        // What is so short is in a listpack.
        if (bytes.IsEmpty) reader.Fail("element", "a node without a listpack and without text");
        return bytes;
    }

    private static RdbValue Load(scoped ref RdbReader reader, RdbLoading loading, NodeReader readNode)
    {
        Keyspace keyspace = loading.Database.Keyspace;
        ulong nodes = reader.ReadLength("number of nodes");
        if (nodes == 0) return RdbValue.Empty;
        ReadOnlySpan<byte> bytes = readNode(ref reader, loading, out NodeForm form);
        if (nodes == 1 && form == NodeForm.Packed) return OfListpack(keyspace, bytes);
        var list = new Quicklist(keyspace);
        Append(list, form, bytes);
        try
        {
            for (nodes--; nodes > 0; nodes--)
            {
                bytes = readNode(ref reader, loading, out form);
                Append(list, form, bytes);
            }
        }
        catch
        {
            Discard(keyspace, list);
            throw;
        }

        return Taken(keyspace, list);
    }

    // A node without elements is left out, as Redis does.
    private static void Append(Quicklist list, NodeForm form, ReadOnlySpan<byte> bytes)
    {
        int count = form == NodeForm.Plain ? 1 : Listpack.Count(bytes);
        if (count > 0) list.Append(form, bytes, count);
    }

    private static RdbValue OfListpack(Keyspace keyspace, ReadOnlySpan<byte> listpack)
    {
        int count = Listpack.Count(listpack);
        if (count == 0) return RdbValue.Empty;
        if (!LimitOf(keyspace).IsExceededBy(listpack.Length, count))
            return new RdbValue(ValueForm.ListListpack, listpack);
        var list = new Quicklist(keyspace);
        list.Append(NodeForm.Packed, listpack, count);
        return new RdbValue(ValueForm.ListQuicklist, list, default);
    }

    private static RdbValue Taken(Keyspace keyspace, Quicklist list)
    {
        if (list.Count == 0) return RdbValue.Empty;
        if (!list.HasSingleNode) return new RdbValue(ValueForm.ListQuicklist, list, default);
        ref readonly QuicklistNode node = ref list.Find(0, out _);
        if (node.IsPlain || !LimitOf(keyspace).AllowsPackingNew(node.Bytes, node.Count))
            return new RdbValue(ValueForm.ListQuicklist, list, default);
        PackedBuffer listpack = keyspace.LoadScratch;
        listpack.Set(node.Span(keyspace.Pages));
        Discard(keyspace, list);
        return new RdbValue(ValueForm.ListListpack, listpack.Bytes);
    }

    private static void Discard(Keyspace keyspace, Quicklist list)
    {
        if (list.Count > 0) keyspace.Pages.Discarded.Add(list, default(Reach));
    }

    private static ListNodeLimit LimitOf(Keyspace keyspace) => new(keyspace.Limits.ListMaxListpackSize, keyspace.Limits.ListPlainFrom);
}
