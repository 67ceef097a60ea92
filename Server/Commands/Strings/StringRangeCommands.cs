using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>APPEND, GETRANGE, SETRANGE, STRLEN and SUBSTR: parts of strings.</summary>
internal static class StringRangeCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("append", Append)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "2.0.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Insert)],
            Summary = "Adds bytes to the end of a string, creating it when it is missing.", Complexity = "O(1) amortised",
        },
        new("getrange", GetRange)
        {
            Arity = 4, Flags = ReadOnly, Categories = AclCategory.String, Since = "2.4.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns a part of a string.", Complexity = "O(n) for n bytes returned",
        },
        new("setrange", SetRange)
        {
            Arity = 4, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "2.2.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Overwrites a part of a string, padding it with zeros where it is too short.",
            Complexity = "O(n) for n bytes written and padded",
        },
        new("strlen", StrLen)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.String, Since = "2.2.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Returns the length of a string in bytes.", Complexity = "O(1)",
        },
        new("substr", GetRange)
        {
            Arity = 4, Flags = ReadOnly, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns a part of a string: the old name of GETRANGE.", Complexity = "O(n) for n bytes returned",
        },
    ];

    private static void StrLen(Client client, in ArgVector args)
    {
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (StringCommands.IsStringOrReply(client, entry)) client.Reply.Integer(entry.Exists ? entry.StringLength : 0);
    }

    private static void Append(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var length = entry.Exists ? entry.StringLength : 0;
        if (!FitsOrReply(client, length, args[2].Length)) return;
        client.Reply.Integer(entry.Append(args[2]));
        client.Server.Observer.Notify(NotifyClasses.String, "append"u8, client.Database, args[1]);
    }

    private static void GetRange(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var start)) return;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var end)) return;
        Span<byte> scratch = stackalloc byte[20];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;

        var value = entry.Exists ? entry.GetString(scratch) : default;
        if (start < 0 && end < 0 && start > end) value = default;
        start = Math.Max(start < 0 ? value.Length + start : start, 0);
        end = Math.Min(Math.Max(end < 0 ? value.Length + end : end, 0), value.Length - 1);
        client.Reply.Bulk(start > end ? default : value.Slice((int)start, (int)(end - start + 1)));
    }

    private static void SetRange(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var offset)) return;
        if (offset < 0)
        {
            client.Reply.Error("ERR offset is out of range"u8);
            return;
        }

        var entry = client.Database.LookupWrite(args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var length = entry.Exists ? entry.StringLength : 0;
        if (args[3].Length == 0)
        {
            client.Reply.Integer(length);
            return;
        }

        if (!FitsOrReply(client, offset, args[3].Length)) return;
        var value = entry.ResizeString(Math.Max(length, (int)offset + args[3].Length));
        args[3].CopyTo(value[(int)offset..]);
        client.Server.Observer.Notify(NotifyClasses.String, "setrange"u8, client.Database, args[1]);
        client.Reply.Integer(value.Length);
    }

    private static bool FitsOrReply(Client client, long offset, int added)
    {
        // Not the sum of the two: the offset may be any number. The directive may allow more than a string can hold.
        if (offset <= Math.Min(client.Server.Config.ProtoMaxBulkLen, EntryRef.MaxStringLength) - added) return true;
        client.Reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"u8);
        return false;
    }
}
