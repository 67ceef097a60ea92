using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using KestrelFree.Protocol;
using KestrelFree.Storage;
using static KestrelFree.Benchmarks.Storage.Measurement;

namespace KestrelFree.Benchmarks.Storage;

// What one collection of many elements costs the loop when it goes, as a whole or in parts, and what memory comes back. One process, one run:
// `-- collections --elements 10000000 [--kind zset]`. Deleting is measured twice, since the first time runs code that was never run before.

/// <summary>Fills, deletes and thins out a collection of every type; prints a line per figure.</summary>
internal sealed class CollectionMeasurement
{
    private const int MemberBytes = 16;

    private static readonly string[] Kinds = ["list", "set", "hash", "zset", "stream"];

    private readonly int _elements;
    private readonly Keyspace _keyspace = new(new KeyspaceOptions { Clock = new CachedClock(new SystemClock()) });

    private CollectionMeasurement(int elements) => _elements = elements;

    /// <summary>Runs the measurement that the arguments ask for.</summary>
    public static int Run(string[] args)
    {
        var elements = Option(args, "--elements", 1_000_000);
        var kind = Array.IndexOf(args, "--kind");
        foreach (var name in kind < 0 ? Kinds : [args[kind + 1]])
            new CollectionMeasurement(elements).Measure(name);
        return 0;
    }

    private void Measure(string kind)
    {
        Console.WriteLine($"{kind} of {_elements}");
        var before = Environment.WorkingSet;
        Do("fill", () => Fill(kind), Maintenance.Left);
        Print("  resident bytes an element", ((double)(Environment.WorkingSet - before) / _elements).ToString("F1", CultureInfo.InvariantCulture));
        Do("delete", () => _keyspace[0].Delete("key"u8), Maintenance.Run);
        Do("fill again", () => Fill(kind), Maintenance.Left);
        Do("delete again", () => _keyspace[0].Unlink("key"u8), Maintenance.Run);
        Do("fill", () => Fill(kind), Maintenance.Left);
        Do("overwrite", () => _keyspace[0].SetString("key"u8, "v"u8), Maintenance.Run);
        _keyspace[0].Delete("key"u8);
        Do("fill", () => Fill(kind), Maintenance.Left);
        var peak = Environment.WorkingSet;
        Do("thin out to a tenth", () => ThinOut(kind), Maintenance.Run);
        Print("  resident, share of the peak", ((double)Environment.WorkingSet / peak).ToString("F2", CultureInfo.InvariantCulture));
        _keyspace[0].Delete("key"u8);
        Do("fill", () => Fill(kind), Maintenance.Left);
        Do("cut down to a tenth", () => CutDown(kind), Maintenance.Run);
        Do("flush", () => _keyspace.FlushAll(FlushMode.Sync), Maintenance.Run);
    }

    private enum Maintenance
    {
        Run,
        Left,
    }

    private void Do(string name, Action change, Maintenance maintenance)
    {
        var cpu = ThreadTime.Nanoseconds;
        change();
        Print($"{name}, ms of CPU", ((ThreadTime.Nanoseconds - cpu) / 1e6).ToString("F2", CultureInfo.InvariantCulture));
        if (maintenance == Maintenance.Run)
            Print("  maintenance, ms; slices; us of CPU p50 p99 max", MaintenanceSlices.Run(_keyspace));
        Print("  resident MB; used MB", string.Create(CultureInfo.InvariantCulture, $"{Environment.WorkingSet / 1048576.0:F1} {_keyspace.Memory.UsedBytes / 1048576.0:F1}"));
    }

    private void Fill(string kind)
    {
        for (var i = 0; i < _elements; i++)
            Add(kind, i);
    }

    private void Add(string kind, int number)
    {
        Span<byte> room = stackalloc byte[MemberBytes];
        var member = Member(number, room);
        var entry = _keyspace[0].LookupWrite("key"u8);
        switch (kind)
        {
            case "list":
                new ListRef(entry).Push(ListEnd.Tail, member);
                break;
            case "set":
                new SetRef(entry).Add(member);
                break;
            case "hash":
                new HashRef(entry).Set(member, "value"u8);
                break;
            case "zset":
                double score = Scrambled(number);
                new ZsetRef(entry).Add(member, ref score, ZsetRules.None);
                break;
            default:
                Append(new StreamRef(entry), number, member);
                break;
        }
    }

    private void Append(StreamRef stream, int number, ReadOnlySpan<byte> value)
    {
        Span<byte> pair = stackalloc byte[1 + MemberBytes];
        pair[0] = (byte)'f';
        value.CopyTo(pair[1..]);
        var pairs = new ArgVector(pair, [new ArgSlice(0, 1), new ArgSlice(1, MemberBytes)]);
        stream.OpenOrCreate().Append(IdOf(number), pairs, _keyspace.Limits);
    }

    private static StreamId IdOf(int number) => new((ulong)number + 1, 0);

    // Nine elements of ten, in no order.
    private void ThinOut(string kind)
    {
        Span<byte> room = stackalloc byte[MemberBytes];
        for (var i = 0; i < _elements; i++)
        {
            var number = Scrambled(i);
            if (number % 10 == 0) continue;
            var entry = _keyspace[0].LookupWrite("key"u8);
            var member = Member(number, room);
            switch (kind)
            {
                case "list":
                    new ListRef(entry).Pop(i % 2 == 0 ? ListEnd.Head : ListEnd.Tail, 1);
                    break;
                case "set":
                    new SetRef(entry).Remove(member);
                    break;
                case "hash":
                    new HashRef(entry).Delete(member);
                    break;
                case "zset":
                    new ZsetRef(entry).Remove(member);
                    break;
                default:
                    new StreamRef(entry).OpenOrCreate().Delete(IdOf(number));
                    break;
            }
        }
    }

    // All at once, as one command does.
    private void CutDown(string kind)
    {
        var entry = _keyspace[0].LookupWrite("key"u8);
        var kept = _elements / 10;
        if (kind == "list") new ListRef(entry).Trim(0, kept - 1);
        else if (kind == "zset") new ZsetRef(entry).RemoveRange(new ZsetRange(kept, _elements - kept));
        else if (kind == "stream") new StreamRef(entry).OpenOrCreate().Trim(new StreamTrim { MaxLength = kept });
    }

    // A permutation: the number is multiplied with one that has no divisor in common with the count.
    private int Scrambled(int number) => (int)(number * 7_919L % _elements);

    private static ReadOnlySpan<byte> Member(int number, Span<byte> room)
    {
        "member:"u8.CopyTo(room);
        Utf8Formatter.TryFormat(number, room[7..], out _, new System.Buffers.StandardFormat('D', MemberBytes - 7));
        return room;
    }
}
