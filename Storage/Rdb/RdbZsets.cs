using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// Sorted sets in the RDB format.
//
//     Zset           count  { member  score : 8 }         highest score first
//     ZsetText       count  { member  length : 1 text }   length 253, 254, 255 without text: nan, inf, -inf   (before Redis 4.0)
//     ZsetListpack   listpack of member score ...
//     ZsetZiplist    ziplist of the same                  (before Redis 7.0)
//
// Order and members of a packed one are always checked: what is written to it later relies on both.

/// <summary>How sorted sets are written and read.</summary>
internal static class RdbZsets
{
    private const byte Nan = 253;
    private const byte PositiveInfinity = 254;
    private const byte NegativeInfinity = 255;

    public static readonly RdbSaver[] Savers =
    [
        new(ValueForm.ZsetListpack, RdbType.ZsetListpack, RdbFormat.Version, RdbPacked.Save),
        new(ValueForm.ZsetTree, RdbType.Zset, RdbFormat.Version, SaveElements),
    ];

    public static readonly RdbLoader[] Loaders =
    [
        new(RdbType.Zset, LoadBinary),
        new(RdbType.ZsetText, LoadText),
        new(RdbType.ZsetListpack, static (scoped ref reader, loading) => OfListpack(ref reader, RdbPacked.ReadListpack(ref reader, "Zset"), loading, "listpack")),
        new(RdbType.ZsetZiplist, static (scoped ref reader, loading) => OfListpack(ref reader, RdbPacked.ReadZiplist(ref reader, loading, "Zset"), loading, "ziplist")),
    ];

    private delegate double ScoreReader(scoped ref RdbReader reader);

    private static void SaveElements(RdbWriter writer, in EntryView entry)
    {
        ZsetTree zset = entry.Collection<ZsetTree>();
        writer.WriteLength((ulong)zset.Count);
        for (var cursor = new ScoreCursor(zset.Order, zset.Count - 1); cursor.MovePrevious();)
        {
            writer.WriteString(cursor.Member);
            writer.WriteDouble(cursor.Score);
        }
    }

    private static RdbValue LoadBinary(scoped ref RdbReader reader, RdbLoading loading) => Load(ref reader, loading, static (scoped ref reader) => reader.ReadDouble("score"));

    private static RdbValue LoadText(scoped ref RdbReader reader, RdbLoading loading) => Load(ref reader, loading, ReadText);

    private static double ReadText(scoped ref RdbReader reader)
    {
        byte length = reader.ReadByte("score");
        switch (length)
        {
            case Nan:
                return double.NaN;
            case PositiveInfinity:
                return double.PositiveInfinity;
            case NegativeInfinity:
                return double.NegativeInfinity;
        }

        ReadOnlySpan<byte> text = reader.ReadBytes(length, "score");
        if (!Numbers.TryParseDouble(text, out double score))
            reader.Fail("score", $"'{Encoding.Latin1.GetString(text)}' is no number");
        return score;
    }

    // It begins packed if so many could stay so, and becomes a tree with the first member that is too long.
    private static RdbValue Load(scoped ref RdbReader reader, RdbLoading loading, ScoreReader readScore)
    {
        Keyspace keyspace = loading.Database.Keyspace;
        ulong left = reader.ReadLength("number of members");
        if (left == 0) return RdbValue.Empty;
        ZsetTree? tree = left > (ulong)Math.Max(0, keyspace.Limits.ZsetMaxListpackEntries) ? NewTree(keyspace) : null;
        var packed = new PackedBuffer(Listpack.Empty);
        PackedBuffer member = keyspace.LoadScratch;
        try
        {
            for (; left > 0; left--)
            {
                member.Set(reader.ReadString("member"));
                double score = readScore(ref reader);
                if (tree == null && member.Bytes.Length > keyspace.Limits.ZsetMaxListpackValue)
                    tree = Unpacked(keyspace, packed.Bytes);
                if (double.IsNaN(score) || !TryAdd(tree, ref packed, member.Bytes, score))
                    reader.Fail("member", "it occurs twice, or its score is no number");
            }
        }
        catch
        {
            Discard(keyspace, tree);
            throw;
        }

        return tree == null ? new RdbValue(ValueForm.ZsetListpack, packed.Bytes) : new RdbValue(ValueForm.ZsetTree, tree, default);
    }

    private static bool TryAdd(ZsetTree? tree, ref PackedBuffer packed, scoped ReadOnlySpan<byte> member, double score)
    {
        if (tree != null) return TryAdd(tree, member, score);
        if (PackedZset.Find(packed.Bytes, member) != Listpack.None) return false;
        PackedZset.Add(ref packed, member, score);
        return true;
    }

    private static bool TryAdd(ZsetTree tree, scoped ReadOnlySpan<byte> member, double score)
    {
        ZsetMember found = tree.Find(member);
        if (found.Exists) return false;
        tree.Add(ref found, score);
        return true;
    }

    private static RdbValue OfListpack(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, RdbLoading loading, string type)
    {
        int count = RdbPacked.Check(ref reader, listpack, 2);
        if (count == 0) return RdbValue.Empty;
        CheckOrder(ref reader, listpack, type);
        RdbPacked.CheckUnique(ref reader, listpack, 2);
        Keyspace keyspace = loading.Database.Keyspace;
        return count > keyspace.Limits.ZsetMaxListpackEntries
            ? new RdbValue(ValueForm.ZsetTree, Unpacked(keyspace, listpack), default)
            : new RdbValue(ValueForm.ZsetListpack, listpack);
    }

    private static void CheckOrder(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, string type)
    {
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> lastText = stackalloc byte[ListpackValue.MaxIntegerText];
        double lastScore = double.NegativeInfinity;
        int last = Listpack.None;
        for (int at = Listpack.First(listpack); at != Listpack.None; at = Listpack.Next(listpack, Listpack.After(listpack, at)))
        {
            if (!TryScore(Listpack.Get(listpack, Listpack.After(listpack, at)), out double score))
                reader.Fail(type, $"Zset {type} integrity check failed, a score is no number");
            bool isTie = last != Listpack.None && score == lastScore;
            if (score < lastScore || (isTie && Listpack.Get(listpack, last).GetText(lastText).SequenceCompareTo(Listpack.Get(listpack, at).GetText(text)) >= 0))
                reader.Fail(type, $"Zset {type} integrity check failed, its members are not in the order of their scores");
            (last, lastScore) = (at, score);
        }
    }

    private static bool TryScore(ListpackValue value, out double score)
    {
        score = value.IsInteger ? value.Integer : 0;
        return value.IsInteger || (Numbers.TryParseDouble(value.Bytes, out score) && !double.IsNaN(score));
    }

    private static ZsetTree NewTree(Keyspace keyspace) => new(keyspace.Pages, keyspace.Hasher);

    // The members of a sound listpack differ.
    private static ZsetTree Unpacked(Keyspace keyspace, ReadOnlySpan<byte> listpack)
    {
        ZsetTree tree = NewTree(keyspace);
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        for (int at = Listpack.First(listpack); at != Listpack.None; at = Listpack.Next(listpack, Listpack.After(listpack, at)))
        {
            bool added = TryAdd(tree, Listpack.Get(listpack, at).GetText(text), PackedZset.ScoreOf(listpack, at));
            Invariant.Check(added);
        }

        return tree;
    }

    private static void Discard(Keyspace keyspace, ZsetTree? tree)
    {
        if (tree != null) keyspace.Pages.Discarded.Add(tree, default(Reach));
    }
}
