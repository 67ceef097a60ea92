using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>FIELDS count field ..., as the later hash commands end: the fields, or with a stride of 2 fields with their values.</summary>
internal readonly ref struct HashFieldList
{
    private readonly ArgVector _args;
    private readonly int _stride;

    private HashFieldList(ArgVector args, int stride)
    {
        _args = args;
        _stride = stride;
    }

    /// <summary>HEXPIRE's error for a count that is none.</summary>
    internal static ReadOnlySpan<byte> NoPositiveParameter => "ERR Parameter `numFields` should be greater than 0"u8;

    /// <summary>The others' error for a count that is none.</summary>
    internal static ReadOnlySpan<byte> NoPositiveNumber => "ERR Number of fields must be a positive integer"u8;

    /// <summary>How many fields there are.</summary>
    internal int Count => _args.Count / _stride;

    /// <summary>A field.</summary>
    internal ReadOnlySpan<byte> this[int index] => _args[index * _stride];

    /// <summary>The value that follows a field.</summary>
    internal ReadOnlySpan<byte> ValueOf(int index) => _args[index * _stride + 1];

    /// <summary>Takes the list that begins at an argument and ends the request, or replies what is wrong with it.</summary>
    internal static bool TryTakeOrReply(Client client, in ArgVector args, int at, ReadOnlySpan<byte> countError, out HashFieldList fields)
    {
        fields = default;
        if (at + 1 >= args.Count || !args[at].Is("fields"u8))
        {
            client.Reply.Error("ERR Mandatory argument FIELDS is missing or not at the right position"u8);
            return false;
        }

        if (!Numbers.TryParseInteger(args[at + 1], out var count) || count <= 0)
        {
            client.Reply.Error(countError);
            return false;
        }

        if (args.Count - at - 2 != count)
        {
            client.Reply.Error("ERR The `numfields` parameter must match the number of arguments"u8);
            return false;
        }

        fields = new HashFieldList(args.From(at + 2), 1);
        return true;
    }

    /// <summary>
    /// Takes the fields with their values as HSETEX has them, or replies what is wrong: there a wrong number of them is one of arguments.
    /// </summary>
    internal static bool TryTakePairsOrReply(Client client, in ArgVector args, int at, out HashFieldList fields)
    {
        fields = default;
        var given = args.Count - at - 2;
        var count = 0L;
        if (given > 1 && (!Numbers.TryParseInteger(args[at + 1], out count) || count is < 1 or > int.MaxValue))
        {
            client.Reply.Error("ERR invalid number of fields"u8);
            return false;
        }

        if (given < 2 || given % 2 != 0 || given / 2 != count)
        {
            client.Reply.Error("ERR wrong number of arguments for 'hsetex' command"u8);
            return false;
        }

        fields = new HashFieldList(args.From(at + 2), 2);
        return true;
    }
}
