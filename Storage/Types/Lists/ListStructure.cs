using System.Globalization;
using System.Text;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>How a list of several nodes is stored.</summary>
/// <param name="Nodes">The number of nodes.</param>
/// <param name="Elements">The number of elements in them.</param>
/// <param name="Bytes">The bytes of all nodes, those that are compressed as if they were not.</param>
/// <param name="CompressDepth">How many nodes at either end are not compressed; 0 if none ever is.</param>
public readonly record struct ListStructure(long Nodes, long Elements, long Bytes, int CompressDepth)
{
    /// <summary>Looks at a value; false if it is no list of several nodes. O(nodes * log nodes).</summary>
    public static bool TryMeasure(in EntryRef entry, out ListStructure structure)
    {
        structure = default;
        if (entry.Form != ValueForm.ListQuicklist) return false;
        Quicklist list = entry.Collection<Quicklist>();
        long bytes = 0;
        for (long index = 0; index < list.Count;)
        {
            ref readonly QuicklistNode node = ref list.Find(index, out _);
            bytes += node.Bytes;
            index += node.Count;
        }

        structure = new ListStructure(list.NodeCount, list.Count, bytes, list.CompressDepth);
        return true;
    }

    /// <summary>Describes a listpack, whatever type it is the value of, element by element; false if it is none. O(bytes).</summary>
    public static bool TryDescribeListpack(in EntryRef entry, StringBuilder text)
    {
        if (entry.Encoding != ValueEncoding.ListPack) return false;
        Describe(entry.PackedBytes, text);
        return true;
    }

    /// <summary>Describes a list of several nodes, node by node; false if it is none. O(nodes * log nodes), and O(bytes) with elements.</summary>
    public static bool TryDescribe(in EntryRef entry, ListDetail detail, StringBuilder text)
    {
        if (!TryMeasure(entry, out ListStructure structure)) return false;
        Quicklist list = entry.Collection<Quicklist>();
        text.Append(CultureInfo.InvariantCulture, $"quicklist: {structure.Elements} elements in {structure.Nodes} nodes, {structure.Bytes} bytes\n");
        byte[]? buffer = null;
        for (long index = 0; index < list.Count;)
        {
            ref readonly QuicklistNode node = ref list.Find(index, out _);
            string form = node.IsPlain ? "plain" : "packed";
            string compressed = node.IsCompressed ? string.Create(CultureInfo.InvariantCulture, $", {node.CompressedBytes} compressed") : "";
            text.Append(CultureInfo.InvariantCulture, $"node from {index}: {form}, {node.Count} elements, {node.Bytes} bytes{compressed}\n");
            if (detail == ListDetail.Elements && !node.IsPlain)
                Describe(ListCompression.Read(list.Pages, node, ref buffer), text);
            index += node.Count;
        }

        return true;
    }

    private static void Describe(ReadOnlySpan<byte> listpack, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"listpack: {Listpack.Count(listpack)} elements, {listpack.Length} bytes\n");
        int offset = Listpack.HeaderBytes;
        for (int index = 0; listpack[offset] != ListpackElement.End; index++)
        {
            int bytes = ListpackElement.EntryBytesAt(listpack, offset);
            text.Append(CultureInfo.InvariantCulture, $"  {index} at {offset}: {Convert.ToHexStringLower(listpack.Slice(offset, bytes))}\n");
            offset += bytes;
        }
    }
}

/// <summary>How much of a list is described.</summary>
public enum ListDetail
{
    /// <summary>Its nodes.</summary>
    Nodes,

    /// <summary>The elements in them as well.</summary>
    Elements,
}
