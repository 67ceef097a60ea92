using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>PFADD, PFCOUNT, PFMERGE, PFDEBUG and PFSELFTEST: strings that estimate how many different elements they were given.</summary>
internal static class HyperLogLogCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("pfadd", PfAdd)
        {
            Arity = -2, Flags = Write | DenyOom | Fast, Categories = AclCategory.HyperLogLog, Since = "2.8.9", Group = "hyperloglog",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Insert)],
            Summary = "Adds elements to a HyperLogLog, creating it when it is missing.", Complexity = "O(1) an element",
        },
        new("pfcount", PfCount)
        {
            Arity = -2, Flags = ReadOnly | MayReplicate, Categories = AclCategory.HyperLogLog, Since = "2.8.9", Group = "hyperloglog",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access)],
            Summary = "Estimates how many different elements were added to one HyperLogLog or to any of several.",
            Complexity = "O(1) for one that has not changed since, O(n) for n keys, with a large constant",
        },
        new("pfdebug", PfDebug)
        {
            Arity = 3, Flags = Write | DenyOom | Admin, Categories = AclCategory.HyperLogLog, Since = "2.8.9", Group = "hyperloglog",
            Keys = [KeySpec.One(2, KeySpecFlags.ReadWrite | KeySpecFlags.Access)],
            Summary = "Shows the inside of a HyperLogLog.", Complexity = "O(1), with a large constant",
        },
        new("pfmerge", PfMerge)
        {
            Arity = -2, Flags = Write | DenyOom, Categories = AclCategory.HyperLogLog, Since = "2.8.9", Group = "hyperloglog",
            Keys =
            [
                KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Insert),
                KeySpec.AllFrom(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access),
            ],
            Summary = "Adds to a HyperLogLog all that others were given.", Complexity = "O(n) for n keys, with a large constant",
        },
        new("pfselftest", PfSelfTest)
        {
            Arity = 1, Flags = Admin, Categories = AclCategory.HyperLogLog, Since = "2.8.9", Group = "hyperloglog",
            Summary = "Checks that HyperLogLogs work on this machine.", Complexity = "O(1), but it takes seconds",
        },
    ];

    private static ReadOnlySpan<byte> Corrupt => "INVALIDOBJ Corrupted HLL object detected"u8;

    private static void PfAdd(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        if (!IsHyperLogLogOrReply(client, entry)) return;
        var changes = entry.Exists ? 0 : 1;
        if (!entry.Exists) HyperLogLog.WriteEmpty(entry.OpenString(HyperLogLog.EmptyBytes));
        var value = new StringBytes(entry);
        var isCorrupt = false;
        for (var i = 2; i < args.Count && !isCorrupt; i++)
        {
            var change = HyperLogLog.Add(ref value, args[i], client.Server.Config.HllSparseMaxBytes);
            if (change == HyperLogLogChange.Changed) changes++;
            isCorrupt = change == HyperLogLogChange.Corrupt;
        }

        if (changes > 0)
        {
            HyperLogLog.MarkStale(value.Splice(0, 0, 0));
            for (var i = 0; i < changes; i++) value.Entry.SignalModified();
        }

        if (isCorrupt)
        {
            client.Reply.Error(Corrupt);
            return;
        }

        if (changes > 0) client.Server.Observer.Notify(NotifyClasses.String, "pfadd"u8, client.Database, args[1]);
        client.Reply.Integer(changes > 0 ? 1 : 0);
    }

    private static void PfCount(Client client, in ArgVector args)
    {
        if (args.Count > 2)
        {
            Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
            registers.Clear();
            if (TryMergeOrReply(client, args, registers, out _)) client.Reply.Integer(HyperLogLog.Estimate(registers));
            return;
        }

        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!IsHyperLogLogOrReply(client, entry)) return;
        if (!entry.Exists) client.Reply.Integer(0);
        else CountOne(client, entry);
    }

    // The estimate is kept in the value, so this command, which only reads, may write.
    private static void CountOne(Client client, EntryRef entry)
    {
        if (HyperLogLog.TryGetCachedEstimate(entry.StringBytes, out var estimate))
        {
            client.Reply.Integer(estimate);
            return;
        }

        if (!HyperLogLog.TryEstimate(entry.StringBytes, out estimate))
        {
            client.Reply.Error(Corrupt);
            return;
        }

        HyperLogLog.CacheEstimate(entry.OpenString(entry.StringLength), estimate);
        entry.SignalModified();
        client.Propagation.AsReceived();
        client.Reply.Integer(estimate);
    }

    private static void PfMerge(Client client, in ArgVector args)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (!TryMergeOrReply(client, args, registers, out var isDense)) return;
        var entry = client.Database.LookupWrite(args[1]);
        if (!entry.Exists) HyperLogLog.WriteEmpty(entry.OpenString(HyperLogLog.EmptyBytes));
        var value = new StringBytes(entry);
        // The destination is among those that were merged, so it is known to be sound.
        if (isDense) HyperLogLog.TryMakeDense(ref value);
        HyperLogLog.Merge(ref value, registers, client.Server.Config.HllSparseMaxBytes);
        value.Entry.SignalModified();
        client.Server.Observer.Notify(NotifyClasses.String, "pfadd"u8, client.Database, args[1]);
        client.Reply.Ok();
    }

    /// <summary>Merges all keys into registers of a byte each, and tells whether one of them is dense.</summary>
    private static bool TryMergeOrReply(Client client, in ArgVector args, Span<byte> registers, out bool isDense)
    {
        isDense = false;
        for (var i = 1; i < args.Count; i++)
        {
            var entry = KeyCommands.LookupRead(client, args[i]);
            if (!IsHyperLogLogOrReply(client, entry)) return false;
            if (!entry.Exists) continue;
            isDense |= HyperLogLog.IsDense(entry.StringBytes);
            if (HyperLogLog.TryMergeInto(registers, entry.StringBytes)) continue;
            client.Reply.Error(Corrupt);
            return false;
        }

        return true;
    }

    private static void PfDebug(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[2]);
        if (!entry.Exists)
        {
            client.Reply.Error("ERR The specified key does not exist"u8);
            return;
        }

        if (!IsHyperLogLogOrReply(client, entry)) return;
        var value = new StringBytes(entry);
        var word = args[1];
        if (word.Is("getreg"u8)) ReplyRegisters(client, value);
        else if (word.Is("decode"u8)) ReplyRuns(client, value);
        else if (word.Is("encoding"u8)) client.Reply.SimpleString(HyperLogLog.IsDense(value.Bytes) ? "dense"u8 : "sparse"u8);
        else if (!word.Is("todense"u8)) client.Reply.Error($"ERR Unknown PFDEBUG subcommand '{Encoding.Latin1.GetString(word)}'");
        else if (HyperLogLog.IsDense(value.Bytes)) client.Reply.Integer(0);
        else if (TryMakeDenseOrReply(client, ref value)) client.Reply.Integer(1);
    }

    private static void ReplyRegisters(Client client, StringBytes value)
    {
        if (!TryMakeDenseOrReply(client, ref value)) return;
        client.Reply.ArrayHeader(HyperLogLog.Registers);
        for (var i = 0; i < HyperLogLog.Registers; i++) client.Reply.Integer(HyperLogLog.GetRegister(value.Bytes, i));
    }

    private static void ReplyRuns(Client client, StringBytes value)
    {
        if (HyperLogLog.IsDense(value.Bytes)) client.Reply.Error("ERR HLL encoding is not sparse"u8);
        else client.Reply.Bulk(HyperLogLog.Describe(value.Bytes));
    }

    private static bool TryMakeDenseOrReply(Client client, ref StringBytes value)
    {
        if (HyperLogLog.IsDense(value.Bytes)) return true;
        if (HyperLogLog.TryMakeDense(ref value))
        {
            value.Entry.SignalModified();
            return true;
        }

        client.Reply.Error(Corrupt);
        return false;
    }

    private static void PfSelfTest(Client client, in ArgVector args)
    {
        var fault = HyperLogLogSelfTest.Run(Random.Shared, client.Server.Config.HllSparseMaxBytes);
        if (fault is null) client.Reply.Ok();
        else client.Reply.Error($"ERR {fault}");
    }

    /// <summary>True for a HyperLogLog and for a missing key; otherwise Redis's error has been replied.</summary>
    private static bool IsHyperLogLogOrReply(Client client, EntryRef entry)
    {
        if (!StringCommands.IsStringOrReply(client, entry)) return false;
        if (!entry.Exists || (!entry.TryGetInteger(out _) && HyperLogLog.IsHyperLogLog(entry.StringBytes))) return true;
        client.Reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value."u8);
        return false;
    }
}
