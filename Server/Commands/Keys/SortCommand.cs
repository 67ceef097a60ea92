using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>SORT and SORT_RO.</summary>
internal static class SortCommand
{
    private const KeySpecFlags Read = KeySpecFlags.ReadOnly | KeySpecFlags.Access;
    private const AclCategory Sortable = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous;

    internal static readonly CommandSpec[] Table =
    [
        new("sort", Sort)
        {
            Arity = -2, Flags = Write | DenyOom, Categories = Sortable, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, Read), Somewhere(Read), Somewhere(KeySpecFlags.Overwrite | KeySpecFlags.Update)], KeyFinder = KeyFinders.Sort,
            Summary = "Sorts the elements of a list, a set or a sorted set, and returns or stores them, or values that they name.",
            Complexity = "O(n log n) for n elements, and a look-up for each of them and each pattern",
        },
        new("sort_ro", SortReadOnly)
        {
            Arity = -2, Flags = ReadOnly, Categories = Sortable, Since = "7.0.0", Group = "generic",
            Keys = [KeySpec.One(1, Read), Somewhere(Read)], KeyFinder = KeyFinders.SortReadOnly,
            Summary = "Sorts the elements of a list, a set or a sorted set, and returns them, or values that they name.",
            Complexity = "O(n log n) for n elements, and a look-up for each of them and each pattern",
        },
    ];

    private static KeySpec Somewhere(KeySpecFlags flags) => new() { Begin = BeginSearch.Unknown, Find = FindKeys.Unknown, Flags = flags };

    private static void Sort(Client client, in ArgVector args) => Sort(client, args, SortVariant.Writing);

    private static void SortReadOnly(Client client, in ArgVector args) => Sort(client, args, SortVariant.ReadOnly);

    private static void Sort(Client client, in ArgVector args, SortVariant variant)
    {
        if (!SortOptions.TryParseOrReply(client, args, variant, out var options)) return;
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (entry.Exists && entry.Type is not (DataType.List or DataType.Set or DataType.SortedSet))
        {
            client.Reply.Error(SharedReplies.WrongType);
            return;
        }

        // A set has no order of its own that a copy of this server would share.
        if (entry.Exists && entry.Type == DataType.Set && options is { IsUnsorted: true, Store: not 0 }) options.SortTexts();
        var vector = client.Server.SortVector;
        var (start, count) = Load(entry, options, vector);
        if (!options.IsUnsorted && !vector.TrySort(client, options, args, start, count))
        {
            vector.Clear();
            client.Reply.Error("ERR One or more scores can't be converted into double"u8);
            return;
        }

        if (options.Store == 0) Reply(client, args, options, vector, start, count);
        else Store(client, args, options, vector, start, count);
        vector.Clear();
    }

    // Loads the elements; returns which of those loaded are asked for.
    private static (int Start, int Count) Load(EntryRef entry, SortOptions options, SortVector vector)
    {
        if (!entry.Exists) return (0, 0);
        if (entry.Type == DataType.Set)
        {
            for (var members = new SetRef(entry).Members; members.MoveNext();) vector.Add(members.Current);
            return Range(options, vector.Count);
        }

        var length = entry.Type == DataType.List ? new ListRef(entry).Count : new ZsetRef(entry).Count;
        var (start, count) = Range(options, length);
        var isPart = options.IsUnsorted;
        var direction = isPart ? options.Direction : SortDirection.Ascending;
        var (first, loaded) = isPart ? (start, count) : (0, (int)length);
        if (entry.Type == DataType.List) LoadRange(new ListRef(entry), direction, first, loaded, vector);
        else LoadRange(new ZsetRef(entry), direction, first, loaded, vector);
        return (isPart ? 0 : start, count);
    }

    private static void LoadRange(ListRef list, SortDirection direction, long start, long count, SortVector vector)
    {
        var elements = direction == SortDirection.Ascending ? list.From(start, ListEnd.Tail) : list.From(list.Count - start - 1, ListEnd.Head);
        for (; count > 0 && elements.MoveNext(); count--) vector.Add(elements.Current);
    }

    private static void LoadRange(ZsetRef zset, SortDirection direction, long start, long count, SortVector vector)
    {
        if (count == 0) return;
        var elements = zset.From(start, direction == SortDirection.Ascending ? ZsetOrder.Ascending : ZsetOrder.Descending);
        for (; count > 0 && elements.MoveNext(); count--) vector.Add(elements.Member);
    }

    private static (int Start, int Count) Range(SortOptions options, long length)
    {
        var start = Math.Clamp(options.Offset, 0, length);
        var left = length - start;
        return ((int)start, (int)(options.Count < 0 ? left : Math.Min(options.Count, left)));
    }

    private static void Reply(Client client, in ArgVector args, SortOptions options, SortVector vector, int start, int count)
    {
        byte[] room = [];
        client.Reply.ArrayHeader((long)count * Math.Max(1, options.Gets.Count));
        for (var i = start; i < start + count; i++)
        {
            if (options.Gets.Count == 0) client.Reply.Bulk(vector[i]);
            foreach (var pattern in options.Gets)
            {
                if (new SortPattern(args[pattern]).TryFind(client, vector[i], ref room, out var value)) client.Reply.Element(value);
                else client.Reply.Null();
            }
        }
    }

    private static void Store(Client client, in ArgVector args, SortOptions options, SortVector vector, int start, int count)
    {
        var list = new ListBuilder(client.Server.Keyspace);
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        byte[] room = [];
        for (var i = start; i < start + count; i++)
        {
            if (options.Gets.Count == 0) list.Add(vector[i]);
            foreach (var pattern in options.Gets)
            {
                // What is missing is stored as an empty text.
                var isFound = new SortPattern(args[pattern]).TryFind(client, vector[i], ref room, out var value);
                list.Add(isFound ? value.GetText(digits) : default);
            }
        }

        Store(client, args[options.Store], list);
    }

    private static void Store(Client client, ReadOnlySpan<byte> key, ListBuilder list)
    {
        client.Reply.Integer(list.Count);
        if (list.Count > 0)
        {
            list.StoreIn(client.Database.LookupWrite(key));
            client.Server.Observer.Notify(NotifyClasses.List, "sortstore"u8, client.Database, key);
            return;
        }

        if (client.Database.DeleteStored(key)) client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, key);
    }
}
