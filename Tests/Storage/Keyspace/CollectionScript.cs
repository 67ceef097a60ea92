using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>
/// Drives keys that hold strings, packed collections and tables, and a model of them, through the same random operations, while forks are held,
/// walked on other threads, and compared with what the model was when they began.
/// </summary>
internal sealed class CollectionScript : IDisposable
{
    private const int Databases = 2;
    private static readonly ValueForm[] PackedForms = [ValueForm.HashListpack, ValueForm.SetIntset, ValueForm.ListListpack];

    private readonly Random _random;
    private readonly int _keys;
    private readonly int _members;
    private readonly ManualClock _clock = new(1_700_000_000_000);
    private readonly Keyspace _keyspace;
    private readonly Dictionary<string, object>[] _model = [[], []];
    private readonly HeldForks<Dictionary<string, object>[]> _forks;

    public CollectionScript(int seed, int keys, int members)
    {
        _random = new Random(seed);
        _keys = keys;
        _members = members;
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = Databases, Clock = _clock, Seed = seed });
        _forks = new HeldForks<Dictionary<string, object>[]>(_keyspace, _random, AssertSame);
    }

    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
            if (i % (operations / 10 + 1) == 0) _keyspace.Validate();
        }

        _forks.EndAll();
        _keyspace.FinishMaintenance();

        foreach ((var database, var key) in Enumerable.Range(0, Databases).SelectMany(d => _model[d].Keys.Select(key => (d, key))))
            Compare(database, key);
        _keyspace.Validate();
    }

    public void Dispose() => _forks.Dispose();

    private void Step()
    {
        var database = _random.Next(Databases);
        var key = "k" + _random.Next(_keys);
        var choice = _random.Next(1000);
        if (choice < 60) SetPacked(database, key);
        else if (choice < 300) Splice(database, key);
        else if (choice < 320) SetString(database, key);
        else if (choice < 800) ChangeTable(database, key);
        else if (choice < 820) Delete(database, key);
        else if (choice < 850) Transfer(database, key);
        else if (choice < 950) Compare(database, key);
        else Rare(database);
    }

    private void Rare(int database)
    {
        var choice = _random.Next(500);
        if (choice < 4) Flush(database);
        else if (choice < 8) Swap();
        else if (choice < 30 && _forks.Count < 4) BeginFork();
        else if (choice < 60 && _forks.Count > 0) _forks.EndOne();
        else _keyspace.MaintainForATime(_random);
    }

    private void SetPacked(int database, string key)
    {
        var bytes = RandomBytes();
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        entry.SetPacked(PackedForms[bytes.Length % PackedForms.Length], bytes);
        entry.SignalModified();
        _model[database][key] = bytes;
    }

    private void SetString(int database, string key)
    {
        _keyspace[database].SetString(Bytes(key), "text"u8);
        _model[database][key] = "text";
    }

    private void Splice(int database, string key)
    {
        if (_model[database].GetValueOrDefault(key) is not byte[] old) return;
        var offset = _random.Next(old.Length + 1);
        var removed = _random.Next(3) == 0 ? _random.Next(old.Length - offset + 1) : Math.Min(old.Length - offset, _random.Next(10));
        var inserted = _random.Next(3) == 0 ? RandomBytes() : new byte[_random.Next(12)];
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        var bytes = entry.SplicePacked(offset, removed, inserted.Length);
        inserted.CopyTo(bytes[offset..]);
        byte[] now = [.. old.AsSpan(0, offset), .. inserted, .. old.AsSpan(offset + removed)];
        if (!entry.PackedBytes.SequenceEqual(now))
            throw new AssertionException($"a splice at {offset} of {removed} for {inserted.Length} in {old.Length} went wrong");
        _model[database][key] = now;
    }

    private void ChangeTable(int database, string key)
    {
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        MemberTable table;
        if (_model[database].GetValueOrDefault(key) is not Dictionary<string, byte[]> fields)
        {
            if (_random.Next(10) != 0) return;
            _model[database][key] = fields = [];
            table = entry.SetCollection(ValueForm.HashTable, new MemberTable(_keyspace.Pages, _keyspace.Hasher));
        }
        else
        {
            table = entry.WritableCollection<MemberTable>();
        }

        for (var count = _random.Next(10) == 0 ? _members / 2 : 3; count > 0; count--)
            ChangeField(table, fields);
        entry.SignalModified();
    }

    private void ChangeField(MemberTable table, Dictionary<string, byte[]> fields)
    {
        var field = "f" + _random.Next(_members);
        if (_random.Next(3) == 0)
        {
            Assert.That(table.Remove(Bytes(field)), Is.EqualTo(fields.Remove(field)));
            return;
        }

        var value = _random.Next(2) == 0 ? Bytes(_random.Next(1000).ToString()) : RandomBytes();
        Assert.That(table.Set(Bytes(field), value, Expiry.None), Is.EqualTo(!fields.ContainsKey(field)));
        fields[field] = value;
    }

    private void Delete(int database, string key)
    {
        Assert.That(_keyspace[database].Delete(Bytes(key)), Is.EqualTo(_model[database].Remove(key)));
    }

    private void Transfer(int database, string key)
    {
        var to = _random.Next(Databases);
        var newKey = "k" + _random.Next(_keys);
        if ((database, key) == (to, newKey)) return;
        var exists = _model[database].TryGetValue(key, out var value);
        var isCopied = _random.Next(3) == 0;
        var isDone = isCopied
            ? _keyspace[database].Copy(Bytes(key), _keyspace[to], Bytes(newKey))
            : _keyspace[database].Rename(Bytes(key), _keyspace[to], Bytes(newKey));
        Assert.That(isDone, Is.EqualTo(exists));
        if (!exists) return;
        _model[to][newKey] = isCopied ? Freeze(value!) : value!;
        if (!isCopied) _model[database].Remove(key);
    }

    private void Compare(int database, string key)
    {
        if (_random.Next(4) == 0) Prefetch(_keyspace[database], Bytes(key), Bytes("f" + _random.Next(_members)));
        var entry = _keyspace[database].LookupRead(Bytes(key));
        var exists = _model[database].TryGetValue(key, out var expected);
        Assert.That(entry.Exists, Is.EqualTo(exists));
        if (expected is byte[] bytes && !entry.PackedBytes.SequenceEqual(bytes))
            throw new AssertionException($"{bytes.Length} packed bytes differ");
        if (expected is Dictionary<string, byte[]> fields) AssertSame(entry.Collection<MemberTable>(), fields);
    }

    private void Prefetch(Database database, byte[] key, byte[] member)
    {
        _keyspace.PrefetchKey(database, key);
        _keyspace.PrefetchEntries();
        _keyspace.PrefetchMember(database, key, member);
        _keyspace.PrefetchMembers();
    }

    private void Flush(int database)
    {
        _keyspace[database].Flush(_random.Next(2) == 0 ? FlushMode.Sync : FlushMode.Async);
        _model[database].Clear();
    }

    private void Swap()
    {
        _keyspace.Swap(0, 1);
        (_model[0], _model[1]) = (_model[1], _model[0]);
    }

    private void BeginFork() =>
        _forks.Begin([.. _model.Select(database => database.ToDictionary(pair => pair.Key, pair => Freeze(pair.Value)))]);

    private static object Freeze(object value) => value is Dictionary<string, byte[]> fields ? new Dictionary<string, byte[]>(fields) : value;

    private static void AssertSame(SnapshotWalk walk, Dictionary<string, object>[] frozen)
    {
        var seen = 0;
        for (; walk.MoveNext(); seen++)
        {
            var entry = walk.Entry;
            var key = Encoding.Latin1.GetString(entry.Key);
            var expected = frozen[walk.DatabaseIndex][key];
            if (expected is byte[] bytes && !entry.PackedBytes.SequenceEqual(bytes))
                throw new AssertionException($"a fork sees other packed bytes at {key}");
            if (expected is Dictionary<string, byte[]> fields) AssertSame(entry.Collection<MemberTable>(), fields);
            if (expected is string && entry.Type != DataType.String)
                throw new AssertionException($"a fork sees another type at {key}");
        }

        if (seen != frozen.Sum(database => database.Count))
            throw new AssertionException($"a fork sees {seen} keys of {frozen.Sum(database => database.Count)}");
    }

    private static void AssertSame(MemberTable table, Dictionary<string, byte[]> fields)
    {
        var scratch = new byte[20];
        var seen = 0;
        var cursor = new TableCursor(table.Table);
        for (; cursor.MoveNext(); seen++)
        {
            var field = Encoding.Latin1.GetString(cursor.Entry.Key);
            if (!fields.TryGetValue(field, out var value) || !cursor.Entry.GetString(scratch).SequenceEqual(value))
                throw new AssertionException($"field {field} is not what it was");
        }

        if (seen != fields.Count || table.Count != seen)
            throw new AssertionException($"{seen} fields, said to be {table.Count}, of {fields.Count}");
    }

    private byte[] RandomBytes()
    {
        var bytes = new byte[_random.Next(10) switch { 0 => _random.Next(5000), 1 => _random.Next(195, 205), _ => _random.Next(60) }];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
