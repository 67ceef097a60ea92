using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// BITOP AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE destination source [source ...]
//
// DIFF keeps the ones of the first source that no other has, DIFF1 those that the others have and it has not, ANDOR those that it shares with any
// other, and ONE those that exactly one source has. The result is made in blocks that stay in the cache, each from the same block of every source;
// looking the sources up again for each block costs nothing beside reading it. Sources shorter than the longest go on with zeros.

/// <summary>BITOP.</summary>
internal static class BitOpCommand
{
    private const int BlockBytes = 16 * 1024;
    private const int FirstSource = 3;

    internal static readonly CommandSpec Spec = new("bitop", Execute)
    {
        Arity = -4, Flags = Write | DenyOom, Categories = AclCategory.Bitmap, Since = "2.6.0", Group = "bitmap",
        Keys = [KeySpec.One(2, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.AllFrom(3, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = "Combines strings bit by bit and stores the result.", Complexity = "O(n) for n bytes of all sources",
    };

    private enum Operator
    {
        And,
        Or,
        Xor,
        Not,
        Diff,
        Diff1,
        AndOr,
        One,
    }

    private static void Execute(Client client, in ArgVector args)
    {
        if (!TryOperatorOrReply(client, args, out var operation)) return;
        var length = 0;
        for (var i = FirstSource; i < args.Count; i++)
        {
            var entry = KeyCommands.LookupRead(client, args[i]);
            if (!StringCommands.IsStringOrReply(client, entry)) return;
            if (entry.Exists) length = Math.Max(length, entry.StringLength);
        }

        if (length > 0) Store(client, args, operation, length);
        else if (client.Database.DeleteStored(args[2])) client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, args[2]);
        client.Reply.Integer(length);
    }

    private static bool TryOperatorOrReply(Client client, in ArgVector args, out Operator operation)
    {
        if (!TryOperator(args[1], out operation))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        var sources = args.Count - FirstSource;
        if (operation == Operator.Not && sources != 1)
        {
            client.Reply.Error("ERR BITOP NOT must be called with a single source key."u8);
            return false;
        }

        if (operation is Operator.Diff or Operator.Diff1 or Operator.AndOr && sources < 2)
        {
            client.Reply.Error($"ERR BITOP {operation.ToString().ToUpperInvariant()} must be called with at least two source keys.");
            return false;
        }

        return true;
    }

    private static bool TryOperator(ReadOnlySpan<byte> word, out Operator operation)
    {
        operation = word switch
        {
            _ when word.Is("and"u8) => Operator.And,
            _ when word.Is("or"u8) => Operator.Or,
            _ when word.Is("xor"u8) => Operator.Xor,
            _ when word.Is("not"u8) => Operator.Not,
            _ when word.Is("diff"u8) => Operator.Diff,
            _ when word.Is("diff1"u8) => Operator.Diff1,
            _ when word.Is("andor"u8) => Operator.AndOr,
            _ => Operator.One,
        };
        return operation != Operator.One || word.Is("one"u8);
    }

    private static void Store(Client client, in ArgVector args, Operator operation, int length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var result = buffer.AsSpan(0, length);
        for (var at = 0; at < length; at += BlockBytes)
            Combine(client.Database, args, operation, at, result.Slice(at, Math.Min(BlockBytes, length - at)));
        client.Database.LookupWrite(args[2]).SetString(result, Expiry.None, StringForm.Raw);
        ArrayPool<byte>.Shared.Return(buffer);
        client.Server.Observer.Notify(NotifyClasses.String, "set"u8, client.Database, args[2]);
    }

    private static void Combine(Database database, in ArgVector args, Operator operation, int at, Span<byte> block)
    {
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        if (operation == Operator.One)
        {
            CombineOne(database, args, at, block);
            return;
        }

        var first = Source(database, args[FirstSource], at, block.Length, scratch);
        if (operation == Operator.Not) BitwiseKernels.Not(block, first);
        else if (operation is Operator.Diff1 or Operator.AndOr) block.Clear();
        else BitwiseKernels.Copy(block, first);

        for (var i = FirstSource + 1; i < args.Count; i++) Apply(operation, block, Source(database, args[i], at, block.Length, scratch));

        // What the first source is set against is known only now.
        first = Source(database, args[FirstSource], at, block.Length, scratch);
        if (operation == Operator.Diff1) BitwiseKernels.AndNot(block, first);
        else if (operation == Operator.AndOr) BitwiseKernels.And(block, first);
    }

    private static void CombineOne(Database database, in ArgVector args, int at, Span<byte> block)
    {
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        Span<byte> more = stackalloc byte[BlockBytes];
        more = more[..block.Length];
        more.Clear();
        block.Clear();
        for (var i = FirstSource; i < args.Count; i++) BitwiseKernels.Tally(block, more, Source(database, args[i], at, block.Length, scratch));
        BitwiseKernels.AndNot(block, more);
    }

    private static void Apply(Operator operation, Span<byte> block, ReadOnlySpan<byte> source)
    {
        switch (operation)
        {
            case Operator.And:
                BitwiseKernels.And(block, source);
                break;
            case Operator.Xor:
                BitwiseKernels.Xor(block, source);
                break;
            case Operator.Diff:
                BitwiseKernels.AndNot(block, source);
                break;
            default:
                BitwiseKernels.Or(block, source);
                break;
        }
    }

    /// <summary>The part of a source that lies in a block; what it lacks is not there.</summary>
    private static ReadOnlySpan<byte> Source(Database database, ReadOnlySpan<byte> key, int at, int length, Span<byte> scratch)
    {
        var entry = database.Peek(key);
        var value = entry.Exists ? entry.GetString(scratch) : default;
        return at < value.Length ? value.Slice(at, Math.Min(length, value.Length - at)) : default;
    }
}
