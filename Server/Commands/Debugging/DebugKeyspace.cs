using System.Globalization;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>The subcommands of DEBUG that look at keys, or make some.</summary>
internal static class DebugKeyspace
{
    private const int LruMask = 0xFFFFFF;

    internal static void Object(Client client, in ArgVector args)
    {
        if (!TryPeekOrReply(client, args[2], out var entry)) return;
        var encoding = Encoding.ASCII.GetString(entry.EncodingName);
        var used = (client.Server.Clock.NowMs - entry.IdleMs) / 1000;
        client.Reply.SimpleString(
            $"Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{SerializedLength(client, entry)} lru:{used & LruMask} lru_seconds_idle:{entry.IdleMs / 1000}{ListExtras(client, entry)}");
    }

    internal static void Validate(Client client, in ArgVector args)
    {
        client.Server.Keyspace.Validate();
        client.Reply.Ok();
    }

    internal static void Lengths(Client client, in ArgVector args)
    {
        if (!TryPeekOrReply(client, args[2], out var entry)) return;
        if (entry.Type != DataType.String || entry.TryGetInteger(out _))
        {
            client.Reply.Error("ERR Not an sds encoded string."u8);
            return;
        }

        var (key, value) = (args[2].Length, entry.StringLength);
        client.Reply.SimpleString($"key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {key}, val_sds_len:{value}, val_sds_avail:0, val_zmalloc: {value}");
    }

    internal static void TableStatistics(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var index)) return;
        if (index < 0 || index >= client.Server.Keyspace.DatabaseCount)
        {
            client.Reply.Error("ERR Out of range database"u8);
            return;
        }

        var database = client.Server.Keyspace[(int)index];
        var text = $"[Dictionary HT]\n{Statistics(database.Count, database.SlotCount())}[Expires HT]\n{Statistics(database.ExpiresCount, database.ExpiresCount)}";
        client.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(text));
    }

    internal static void ValueStatistics(Client client, in ArgVector args)
    {
        if (!TryPeekOrReply(client, args[2], out var entry)) return;
        if (entry.TryMeasureTable(out var members, out var slots)) client.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(Statistics(members, slots)));
        else client.Reply.Error("ERR The value stored at the specified key is not represented using an hash table"u8);
    }

    internal static void Populate(Client client, in ArgVector args)
    {
        long size = 0;
        if (!ArgumentParsing.TryCountOrReply(client, args[2], out var count) || (args.Count == 5 && !ArgumentParsing.TryCountOrReply(client, args[4], out size))) return;
        var prefix = args.Count > 3 ? UpToNul(args[3]) : "key"u8;
        for (long number = 0; number < count; number++) AddString(client.Database, prefix, number, size);
        client.Reply.Ok();
    }

    // Redis formats keys into a buffer of 128 bytes, and so cuts a long prefix.
    private static void AddString(Database database, ReadOnlySpan<byte> prefix, long number, long size)
    {
        const int longestKey = 127;
        byte[] text = [.. prefix, .. Encoding.ASCII.GetBytes($":{number}")];
        var entry = database.LookupWrite(text.Length > longestKey ? text.AsSpan(0, longestKey) : text);
        if (entry.Exists) return;
        var value = Encoding.ASCII.GetBytes($"value:{number}");
        if (size > 0) Array.Resize(ref value, (int)Math.Min(size, Array.MaxLength));
        entry.SetString(value, Expiry.None, StringForm.Text);
    }

    private static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> text) => text.IndexOf((byte)0) is >= 0 and var nul ? text[..nul] : text;

    internal static bool TryPeekOrReply(Client client, ReadOnlySpan<byte> key, out EntryRef entry)
    {
        entry = client.Database.PeekStored(key);
        if (entry.Exists) return true;
        client.Reply.Error(SharedReplies.NoSuchKey);
        return false;
    }

    // What DUMP replies has the type before the value and the footer behind it.
    private static int SerializedLength(Client client, in EntryRef entry)
    {
        const int typeAndFooter = 1 + 2 + 8;
        var compression = client.Server.Config.RdbCompression ? RdbCompression.Lzf : RdbCompression.None;
        return new DumpPayload().TryWrite(entry, compression, out var payload) ? payload.Length - typeAndFooter : 0;
    }

    private static string ListExtras(Client client, in EntryRef entry)
    {
        if (!ListStructure.TryMeasure(entry, out var structure)) return "";
        var average = ((double)structure.Elements / structure.Nodes).ToString("F2", CultureInfo.InvariantCulture);
        return $" ql_nodes:{structure.Nodes} ql_avg_node:{average} ql_listpack_max:{client.Server.Config.ListMaxListpackSize} ql_compressed:{(structure.CompressDepth > 0 ? 1 : 0)} ql_uncompressed_size:{structure.Bytes}";
    }

    private static string Statistics(long elements, long slots) => "Hash table 0 stats (main hash table):\n" + (elements == 0
        ? "No stats available for empty dictionaries\n"
        : $" table size: {slots}\n number of elements: {elements}\n");
}
