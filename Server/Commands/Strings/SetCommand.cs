using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// SET key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
//
// Without options, the commonest write of all, it is one call into the keyspace. With them the key is looked up once; whether it is written,
// and whether the old value is replied, follows from the options. The condition is judged first, since it may be an error; then the old
// value is replied, which has to happen before the entry is overwritten.

/// <summary>SET with its options.</summary>
internal static class SetCommand
{
    private enum Condition
    {
        Always,
        IfMissing,
        IfExists,
        IfValue,
    }

    private enum Answer
    {
        Ok,
        OldValue,
    }

    internal static readonly CommandSpec Spec = new("set", Set)
    {
        Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update | KeySpecFlags.VariableFlags)],
        KeyFinder = KeyFinders.Set,
        Summary = "Sets a key to a string, whatever it held, with conditions and an expiry as options.", Complexity = "O(1)",
    };

    private struct Options
    {
        internal Condition Condition;
        internal ValueCondition Value;
        internal Answer Answer;
        internal ExpiryArgument Expiry;
    }

    private static void Set(Client client, in ArgVector args)
    {
        if (args.Count == 3)
        {
            client.Database.SetString(args[1], args[2]);
            StringCommands.NotifySet(client, args[1]);
            client.Reply.Ok();
            return;
        }

        if (!TryParse(args, out var options)) client.Reply.Error(SharedReplies.SyntaxError);
        else if (options.Expiry.TryResolveOrReply(client, args, "set", out var expiry)) Apply(client, args, options, expiry);
    }

    private static bool TryParse(in ArgVector args, out Options options)
    {
        options = default;
        for (var i = 3; i < args.Count; i++)
        {
            if (TryParseWord(args[i], ref options) || options.Expiry.TryTake(args, ref i)) continue;
            if (options.Condition != Condition.Always || !options.Value.TryTake(args, ref i)) return false;
            options.Condition = Condition.IfValue;
        }

        return true;
    }

    private static bool TryParseWord(ReadOnlySpan<byte> word, ref Options options)
    {
        if (word.Is("nx"u8) && options.Condition is (Condition.Always or Condition.IfMissing)) options.Condition = Condition.IfMissing;
        else if (word.Is("xx"u8) && options.Condition is (Condition.Always or Condition.IfExists)) options.Condition = Condition.IfExists;
        else if (word.Is("get"u8)) options.Answer = Answer.OldValue;
        else return word.Is("keepttl"u8) && options.Expiry.TryTakeWord(ExpiryUnit.Keep);
        return true;
    }

    private static void Apply(Client client, in ArgVector args, in Options options, Expiry expiry)
    {
        var entry = client.Database.LookupWrite(args[1]);
        if (options.Answer == Answer.OldValue) entry.CountRead();
        var isRead = options.Answer == Answer.OldValue || options.Condition == Condition.IfValue;
        if (isRead && !StringCommands.IsStringOrReply(client, entry)) return;
        if (!TryJudgeOrReply(client, args, options, entry, out var holds)) return;
        if (options.Answer == Answer.OldValue) StringCommands.ReplyString(client, entry);
        else if (holds) client.Reply.Ok();
        else client.Reply.Null();
        if (!holds) return;

        entry.SetString(args[2], expiry);
        StringCommands.NotifySet(client, args[1]);
        if (options.Expiry.ValueIndex != 0) StringCommands.NotifyGeneric(client, "expire"u8, args[1]);
        Propagate(client, args, options, entry);
    }

    // With an absolute expiry, and without asking for the old value; what is judged is judged in the same way by whoever has the same data.
    private static void Propagate(Client client, in ArgVector args, in Options options, EntryRef entry)
    {
        if (options.Expiry.ValueIndex != 0)
            client.Propagation.Instead(5).Argument("SET"u8).Argument(args[1]).Argument(args[2]).Argument("PXAT"u8).Argument(entry.ExpiryMs);
        else if (options.Answer == Answer.OldValue && client.Propagation.IsGathering)
            PropagateWithoutGet(client, args);
    }

    private static void PropagateWithoutGet(Client client, in ArgVector args)
    {
        var kept = args.Count;
        for (var i = 3; i < args.Count; i++)
        {
            if (IsGet(args, i)) kept--;
        }

        var effect = client.Propagation.Instead(kept);
        for (var i = 0; i < args.Count; i++)
        {
            if (i < 3 || !IsGet(args, i)) effect.Argument(args[i]);
        }
    }

    // What IFEQ compares with may read so too.
    private static bool IsGet(in ArgVector args, int i) => args[i].Is("get"u8) && !(i > 3 && args[i - 1].Length > 3 && args[i - 1][..2].Is("if"u8));

    private static bool TryJudgeOrReply(Client client, in ArgVector args, in Options options, EntryRef entry, out bool holds)
    {
        if (options.Condition == Condition.IfValue) return options.Value.TryJudgeOrReply(client, args, entry, out holds);
        holds = options.Condition == Condition.Always || (options.Condition == Condition.IfExists) == entry.Exists;
        return true;
    }
}
