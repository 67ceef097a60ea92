using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | ... INCRBY type offset increment] ...
//
// The arguments are read twice: first all of them, so that an error anywhere leaves the string as it was and its length is known, and then again as
// they are carried out. That costs less than keeping them. An OVERFLOW is for the operations behind it.

/// <summary>BITFIELD and BITFIELD_RO.</summary>
internal static class BitFieldCommand
{
    internal static readonly CommandSpec Spec = new("bitfield", Execute)
    {
        Arity = -2, Flags = Write | DenyOom, Categories = AclCategory.Bitmap, Since = "3.2.0", Group = "bitmap",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update | KeySpecFlags.VariableFlags)], KeyFinder = KeyFinders.BitField,
        Summary = "Reads, sets and increments integers of any width within a string.", Complexity = "O(1) an operation",
    };

    internal static readonly CommandSpec ReadOnlySpec = new("bitfield_ro", ExecuteReadOnly)
    {
        Arity = -2, Flags = ReadOnly | Fast, Categories = AclCategory.Bitmap, Since = "6.0.0", Group = "bitmap",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = "Reads integers of any width within a string.", Complexity = "O(1) an operation",
    };

    private enum Verb
    {
        Get,
        Set,
        IncrBy,
        Overflow,
    }

    private struct Operation
    {
        internal Verb Verb;
        internal BitField Field;
        internal long Value;
        internal BitOverflow Overflow;
    }

    /// <summary>What reading all arguments tells: how many replies there will be, and the last bit that is written (-1: none is).</summary>
    private record struct Plan(int Replies, long LastWritten);

    private static void Execute(Client client, in ArgVector args)
    {
        if (!TryPlanOrReply(client, args, out var plan)) return;
        if (plan.LastWritten < 0) Read(client, args, plan);
        else ReadAndWrite(client, args, plan);
    }

    private static void ExecuteReadOnly(Client client, in ArgVector args)
    {
        if (!TryPlanOrReply(client, args, out var plan)) return;
        if (plan.LastWritten < 0) Read(client, args, plan);
        else client.Reply.Error("ERR BITFIELD_RO only supports the GET subcommand"u8);
    }

    private static bool TryPlanOrReply(Client client, in ArgVector args, out Plan plan)
    {
        plan = new Plan(0, -1);
        var operation = default(Operation);
        for (var at = 2; at < args.Count;)
        {
            if (!TryNextOrReply(client, args, ref at, ref operation)) return false;
            if (operation.Verb != Verb.Overflow) plan.Replies++;
            if (operation.Verb is Verb.Set or Verb.IncrBy) plan.LastWritten = Math.Max(plan.LastWritten, operation.Field.LastBit);
        }

        return true;
    }

    private static void Read(Client client, in ArgVector args, Plan plan)
    {
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var value = entry.Exists ? entry.GetString(scratch) : default;
        client.Reply.ArrayHeader(plan.Replies);
        var operation = default(Operation);
        for (var at = 2; at < args.Count && TryNextOrReply(client, args, ref at, ref operation);)
        {
            if (operation.Verb == Verb.Get) client.Reply.Integer(operation.Field.Read(value));
        }
    }

    private static void ReadAndWrite(Client client, in ArgVector args, Plan plan)
    {
        var entry = client.Database.LookupWrite(args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var oldLength = entry.Exists ? entry.StringLength : 0;
        var value = entry.OpenString(Math.Max(oldLength, (int)(plan.LastWritten >> 3) + 1));
        client.Reply.ArrayHeader(plan.Replies);
        var hasGrown = value.Length > oldLength;
        var changes = 0;
        var operation = default(Operation);
        for (var at = 2; at < args.Count && TryNextOrReply(client, args, ref at, ref operation);)
        {
            if (operation.Verb == Verb.Get) client.Reply.Integer(operation.Field.Read(value));
            else if (operation.Verb != Verb.Overflow && TryWrite(client, operation, value, hasGrown)) changes++;
        }

        // A string that only grew, as every write failed, is a change as well, but no event tells of it.
        for (var signal = Math.Max(changes, hasGrown ? 1 : 0); signal > 0; signal--) entry.SignalModified();
        if (changes > 0) client.Server.Observer.Notify(NotifyClasses.String, "setbit"u8, client.Database, args[1]);
    }

    /// <summary>
    /// Carries a SET or INCRBY out and replies; true if it counts as a change, as every write does when the string has grown for it.
    /// </summary>
    private static bool TryWrite(Client client, in Operation operation, Span<byte> value, bool hasGrown)
    {
        var field = operation.Field;
        var old = field.Read(value);
        var isWritten = operation.Verb == Verb.Set
            ? field.TryFit(operation.Value, operation.Overflow, out var result)
            : field.TryAdd(old, operation.Value, operation.Overflow, out result);
        if (!isWritten)
        {
            client.Reply.Null();
            return false;
        }

        field.Write(value, result);
        client.Reply.Integer(operation.Verb == Verb.Set ? old : result);
        return hasGrown || old != result;
    }

    /// <summary>Reads the operation at an argument and goes behind it; how it overflows is left from the one before.</summary>
    private static bool TryNextOrReply(Client client, in ArgVector args, ref int at, ref Operation operation)
    {
        var word = args[at];
        var following = args.Count - at - 1;
        if (word.Is("get"u8) && following >= 2) operation.Verb = Verb.Get;
        else if (word.Is("set"u8) && following >= 3) operation.Verb = Verb.Set;
        else if (word.Is("incrby"u8) && following >= 3) operation.Verb = Verb.IncrBy;
        else if (word.Is("overflow"u8) && following >= 1) return TryOverflowOrReply(client, args, ref at, ref operation);
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        if (!TryFieldOrReply(client, args[at + 1], args[at + 2], out operation.Field)) return false;
        if (operation.Verb != Verb.Get && !ArgumentParsing.TryIntegerOrReply(client, args[at + 3], out operation.Value)) return false;
        at += operation.Verb == Verb.Get ? 3 : 4;
        return true;
    }

    private static bool TryOverflowOrReply(Client client, in ArgVector args, ref int at, ref Operation operation)
    {
        operation.Verb = Verb.Overflow;
        var word = args[at + 1];
        if (word.Is("wrap"u8)) operation.Overflow = BitOverflow.Wrap;
        else if (word.Is("sat"u8)) operation.Overflow = BitOverflow.Saturate;
        else if (word.Is("fail"u8)) operation.Overflow = BitOverflow.Fail;
        else
        {
            client.Reply.Error("ERR Invalid OVERFLOW type specified"u8);
            return false;
        }

        at += 2;
        return true;
    }

    private static bool TryFieldOrReply(Client client, ReadOnlySpan<byte> type, ReadOnlySpan<byte> offset, out BitField field)
    {
        field = default;
        var isSigned = type.Length > 0 && type[0] == 'i';
        var isField = isSigned || (type.Length > 0 && type[0] == 'u');
        if (!isField || !Numbers.TryParseInteger(type[1..], out var bits) || bits < 1 || bits > (isSigned ? 64 : 63))
        {
            client.Reply.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."u8);
            return false;
        }

        // "#3" is the fourth field of its width.
        var isIndex = offset.Length > 0 && offset[0] == '#';
        if (!BitmapCommands.TryPositionOrReply(client, isIndex ? offset[1..] : offset, isIndex ? bits : 1, out var position)) return false;
        field = new BitField(position, (int)bits, isSigned);
        return true;
    }
}
