using System.Text;
using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands;

/// <summary>Writes a command's description in the form of COMMAND INFO.</summary>
internal static class CommandReply
{
    private const int Fields = 10;

    /// <summary>Writes one command, or nil when there is none.</summary>
    internal static void Write(ReplyWriter reply, Command? command)
    {
        if (command is null)
        {
            // A plain nil in RESP2 too, not a null array.
            reply.Null();
            return;
        }

        reply.ArrayHeader(Fields);
        reply.Bulk(command.FullName);
        reply.Integer(command.Spec.Arity);
        WriteFlags(reply, command.Flags);
        reply.Integer(command.Keys.First);
        reply.Integer(command.Keys.Last);
        reply.Integer(command.Keys.Step);
        WriteCategories(reply, command.Spec.AllCategories);
        WriteTexts(reply, command.Spec.Tips);
        reply.SetHeader(command.Spec.Keys.Length);
        foreach (var keys in command.Spec.Keys) WriteKeySpec(reply, keys);
        reply.SetHeader(command.Subcommands.Count);
        foreach (var sub in command.Subcommands) Write(reply, sub);
    }

    /// <summary>True when a command belongs to the ACL category of that name.</summary>
    internal static bool HasCategory(Command command, byte[] name)
    {
        var index = AclCategoryNames.IndexOf(name);
        return index >= 0 && ((int)command.Spec.AllCategories & (1 << index)) != 0;
    }

    /// <summary>True when a command's full name matches a glob.</summary>
    internal static bool Matches(Command command, byte[] pattern) =>
        Glob.IsMatch(pattern, Encoding.ASCII.GetBytes(command.FullName), CaseSensitivity.Insensitive);

    private static void WriteFlags(ReplyWriter reply, CommandFlags flags)
    {
        var marker = reply.BeginDeferred();
        var count = 0;
        foreach (var (flag, name) in CommandFlagNames.All)
        {
            if ((flags & flag) == 0) continue;
            reply.SimpleString(name);
            count++;
        }

        reply.EndDeferredSet(marker, count);
    }

    private static void WriteCategories(ReplyWriter reply, AclCategory categories)
    {
        var marker = reply.BeginDeferred();
        var count = 0;
        for (var bit = 0; bit < AclCategoryNames.All.Length; bit++)
        {
            if (((int)categories & (1 << bit)) == 0) continue;
            reply.SimpleString("@" + AclCategoryNames.All[bit]);
            count++;
        }

        reply.EndDeferredSet(marker, count);
    }

    private static void WriteTexts(ReplyWriter reply, string[] texts)
    {
        reply.SetHeader(texts.Length);
        foreach (var text in texts) reply.Bulk(text);
    }

    private static void WriteKeySpec(ReplyWriter reply, KeySpec keys)
    {
        reply.MapHeader(3);
        reply.Bulk("flags"u8);
        WriteKeySpecFlags(reply, keys.Flags);
        reply.Bulk("begin_search"u8);
        WriteBeginSearch(reply, keys);
        reply.Bulk("find_keys"u8);
        WriteFindKeys(reply, keys);
    }

    /// <summary>Writes what happens to a key, as a set of names.</summary>
    internal static void WriteKeySpecFlags(ReplyWriter reply, KeySpecFlags flags)
    {
        var marker = reply.BeginDeferred();
        var count = 0;
        for (var bit = 0; bit < KeySpecFlagNames.All.Length; bit++)
        {
            if (((int)flags & (1 << bit)) == 0) continue;
            reply.SimpleString(KeySpecFlagNames.All[bit]);
            count++;
        }

        reply.EndDeferredSet(marker, count);
    }

    private static void WriteBeginSearch(ReplyWriter reply, KeySpec keys)
    {
        var type = keys.Begin switch { BeginSearch.Index => "index"u8, BeginSearch.Keyword => "keyword"u8, _ => "unknown"u8 };
        WriteTypeAndSpec(reply, type);
        if (keys.Begin == BeginSearch.Index)
        {
            reply.MapHeader(1);
            WriteNumber(reply, "index"u8, keys.Index);
        }
        else if (keys.Begin == BeginSearch.Keyword)
        {
            reply.MapHeader(2);
            reply.Bulk("keyword"u8);
            reply.Bulk(keys.Keyword);
            WriteNumber(reply, "startfrom"u8, keys.Index);
        }
        else
        {
            reply.MapHeader(0);
        }
    }

    private static void WriteFindKeys(ReplyWriter reply, KeySpec keys)
    {
        var type = keys.Find switch { FindKeys.Range => "range"u8, FindKeys.KeyCount => "keynum"u8, _ => "unknown"u8 };
        WriteTypeAndSpec(reply, type);
        if (keys.Find == FindKeys.Unknown)
        {
            reply.MapHeader(0);
            return;
        }

        reply.MapHeader(3);
        var isRange = keys.Find == FindKeys.Range;
        WriteNumber(reply, isRange ? "lastkey"u8 : "keynumidx"u8, isRange ? keys.LastKey : keys.KeyCountIndex);
        WriteNumber(reply, isRange ? "keystep"u8 : "firstkey"u8, isRange ? keys.Step : keys.FirstKey);
        WriteNumber(reply, isRange ? "limit"u8 : "keystep"u8, isRange ? keys.Limit : keys.Step);
    }

    private static void WriteTypeAndSpec(ReplyWriter reply, ReadOnlySpan<byte> type)
    {
        reply.MapHeader(2);
        reply.Bulk("type"u8);
        reply.Bulk(type);
        reply.Bulk("spec"u8);
    }

    private static void WriteNumber(ReplyWriter reply, ReadOnlySpan<byte> name, long value)
    {
        reply.Bulk(name);
        reply.Integer(value);
    }
}
