using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>SETBIT, GETBIT, BITCOUNT and BITPOS: single bits of strings; BITOP and BITFIELD have files of their own.</summary>
internal static class BitmapCommands
{
    private const KeySpecFlags Read = KeySpecFlags.ReadOnly | KeySpecFlags.Access;

    internal static readonly CommandSpec[] Table =
    [
        new("bitcount", BitCount)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Bitmap, Since = "2.6.0", Group = "bitmap",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Counts the ones in a string or in a part of it.", Complexity = "O(n) for n bytes",
        },
        BitFieldCommand.Spec,
        BitFieldCommand.ReadOnlySpec,
        BitOpCommand.Spec,
        new("bitpos", BitPos)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.Bitmap, Since = "2.8.7", Group = "bitmap",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Finds the first one or the first zero in a string or in a part of it.", Complexity = "O(n) for n bytes",
        },
        new("getbit", GetBit)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.Bitmap, Since = "2.2.0", Group = "bitmap",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Returns one bit of a string; behind its end there are zeros.", Complexity = "O(1)",
        },
        new("setbit", SetBit)
        {
            Arity = 4, Flags = Write | DenyOom, Categories = AclCategory.Bitmap, Since = "2.2.0", Group = "bitmap",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Sets one bit of a string, which grows as needed, and returns what it was.", Complexity = "O(1), O(n) when n bytes are added",
        },
    ];

    private enum Unit
    {
        Byte,
        Bit,
    }

    /// <summary>Reads the position of a bit that a string may have, or replies Redis's error.</summary>
    internal static bool TryPositionOrReply(Client client, ReadOnlySpan<byte> argument, long scale, out long position)
    {
        if (Numbers.TryParseInteger(argument, out position))
        {
            position = unchecked(position * scale);
            if (position >= 0 && position >> 3 < Math.Min(client.Server.Config.ProtoMaxBulkLen, EntryRef.MaxStringLength)) return true;
        }

        client.Reply.Error("ERR bit offset is not an integer or out of range"u8);
        return false;
    }

    private static void GetBit(Client client, in ArgVector args)
    {
        if (!TryPositionOrReply(client, args[2], 1, out var position)) return;
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (StringCommands.IsStringOrReply(client, entry))
            client.Reply.Integer(entry.Exists ? Bitmaps.Get(entry.GetString(scratch), position) : 0);
    }

    private static void SetBit(Client client, in ArgVector args)
    {
        var error = "ERR bit is not an integer or out of range"u8;
        if (!TryPositionOrReply(client, args[2], 1, out var position)) return;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var bit, error)) return;
        if (bit is not (0 or 1))
        {
            client.Reply.Error(error);
            return;
        }

        var entry = client.Database.LookupWrite(args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var oldLength = entry.Exists ? entry.StringLength : 0;
        var value = entry.OpenString(Math.Max(oldLength, (int)(position >> 3) + 1));
        var old = Bitmaps.Exchange(value, position, (int)bit);
        if (old != bit || value.Length > oldLength)
        {
            entry.SignalModified();
            client.Server.Observer.Notify(NotifyClasses.String, "setbit"u8, client.Database, args[1]);
        }

        client.Reply.Integer(old);
    }

    // As since 7.4, the arguments are checked whether or not there is such a key.
    private static void BitCount(Client client, in ArgVector args)
    {
        long start = 0, end = -1;
        var unit = Unit.Byte;
        if (args.Count is 3 or > 5)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count > 2 && !ArgumentParsing.TryIntegerOrReply(client, args[2], out start)) return;
        if (args.Count > 2 && !ArgumentParsing.TryIntegerOrReply(client, args[3], out end)) return;
        if (args.Count > 4 && !TryUnitOrReply(client, args[4], out unit)) return;
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var value = entry.Exists ? entry.GetString(scratch) : default;
        var isReversed = start < 0 && end < 0 && start > end;
        ToBits(unit, value.Length, ref start, ref end);
        client.Reply.Integer(isReversed ? 0 : Bitmaps.Count(value, start, end));
    }

    private static void BitPos(Client client, in ArgVector args)
    {
        long start = 0, end = -1;
        var unit = Unit.Byte;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var bit)) return;
        if (bit is not (0 or 1))
        {
            client.Reply.Error("ERR The bit argument must be 1 or 0."u8);
            return;
        }

        if (args.Count > 6)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count > 3 && !ArgumentParsing.TryIntegerOrReply(client, args[3], out start)) return;
        if (args.Count > 5 && !TryUnitOrReply(client, args[5], out unit)) return;
        if (args.Count > 4 && !ArgumentParsing.TryIntegerOrReply(client, args[4], out end)) return;
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        if (!entry.Exists)
        {
            client.Reply.Integer(bit == 0 ? 0 : -1);
            return;
        }

        var value = entry.GetString(scratch);
        ToBits(unit, value.Length, ref start, ref end);
        var position = Bitmaps.IndexOf(value, (int)bit, start, end);
        // Without an end the zeros behind the string count, unless there was nothing to look at.
        if (position < 0 && bit == 0 && args.Count < 5 && start <= end) position = end + 1;
        client.Reply.Integer(position);
    }

    private static bool TryUnitOrReply(Client client, ReadOnlySpan<byte> argument, out Unit unit)
    {
        unit = argument.Is("bit"u8) ? Unit.Bit : Unit.Byte;
        if (unit == Unit.Bit || argument.Is("byte"u8)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }

    /// <summary>Turns a range whose ends may count from the end of the string into positions of bits; an empty one ends before it starts.</summary>
    private static void ToBits(Unit unit, int length, ref long start, ref long end)
    {
        var total = unit == Unit.Bit ? (long)length << 3 : length;
        start = Math.Max(start < 0 ? total + start : start, 0);
        end = Math.Min(Math.Max(end < 0 ? total + end : end, 0), total - 1);
        if (unit == Unit.Bit || start > end) return;
        start <<= 3;
        end = (end << 3) + 7;
    }
}
