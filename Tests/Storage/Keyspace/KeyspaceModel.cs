using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>What a keyspace ought to hold: dictionaries, the obvious way.</summary>
internal sealed class KeyspaceModel(int databases, Clock clock) : IKeyspaceEvents
{
    /// <summary>A key's value, its expiry (-1 for none) and how it was stored.</summary>
    internal sealed record Value(byte[] Bytes, long Expiry, StringForm Form)
    {
        public bool IsInteger => Form == StringForm.Compact && Bytes.Length is > 0 and <= 20
            && long.TryParse(Encoding.Latin1.GetString(Bytes), out var parsed) && parsed.ToString() == Encoding.Latin1.GetString(Bytes);

        public ValueEncoding Encoded =>
            IsInteger ? ValueEncoding.Int : Form != StringForm.Raw && Bytes.Length <= 44 ? ValueEncoding.EmbStr : ValueEncoding.Raw;
    }

    private readonly Dictionary<string, Value>[] _databases = [.. Enumerable.Range(0, databases).Select(_ => new Dictionary<string, Value>())];

    public Dictionary<string, Value> this[int database] => _databases[database];

    /// <summary>The value of a key that is not past its time; one that is goes.</summary>
    public Value? Find(int database, string key)
    {
        if (!_databases[database].TryGetValue(key, out var value)) return null;
        if (value.Expiry < 0 || value.Expiry >= clock.NowMs) return value;
        _databases[database].Remove(key);
        return null;
    }

    /// <summary>Takes out what is past its time.</summary>
    public void ExpireAll(int database)
    {
        foreach (var key in _databases[database].Keys.ToArray())
            Find(database, key);
    }

    public void Swap(int first, int second) => (_databases[first], _databases[second]) = (_databases[second], _databases[first]);

    /// <summary>The contents as they are now; values are never changed in place.</summary>
    public KeyspaceModel Freeze()
    {
        var copy = new KeyspaceModel(_databases.Length, clock);
        for (var i = 0; i < _databases.Length; i++)
            copy._databases[i] = new Dictionary<string, Value>(_databases[i]);
        return copy;
    }

    /// <summary>Compares a walk over a snapshot with this model, key by key.</summary>
    public void AssertSame(SnapshotWalk walk)
    {
        var scratch = new byte[20];
        var seen = new HashSet<(int, string)>();
        while (walk.MoveNext())
        {
            var key = Encoding.Latin1.GetString(walk.Entry.Key);
            if (!seen.Add((walk.DatabaseIndex, key)))
                throw new AssertionException($"a walk meets a key twice: db {walk.DatabaseIndex} {Shorten(key)}");
            if (!_databases[walk.DatabaseIndex].TryGetValue(key, out var value))
                throw new AssertionException($"a walk meets a key that was not there: db {walk.DatabaseIndex} {Shorten(key)}");
            if (!walk.Entry.GetString(scratch).SequenceEqual(value.Bytes))
                throw new AssertionException($"a walk meets another value of {value.Bytes.Length} bytes: db {walk.DatabaseIndex} {Shorten(key)}");
            if (walk.Entry.ExpiryMs != value.Expiry || walk.Entry.Encoding != value.Encoded)
                throw new AssertionException($"a walk meets another expiry or encoding: db {walk.DatabaseIndex} {Shorten(key)}");
        }

        var expected = _databases.Sum(database => database.Count);
        if (seen.Count != expected) throw new AssertionException($"a walk met {seen.Count} keys of {expected}");
    }

    // What expires is the keyspace's to tell, for a slice of the cycle stops anywhere: but it must be due.
    void IKeyspaceEvents.Expired(Database database, ReadOnlySpan<byte> key)
    {
        var name = Encoding.Latin1.GetString(key);
        if (!_databases[database.Index].TryGetValue(name, out var value)) return;
        Assert.That(value.Expiry, Is.InRange(0, clock.NowMs - 1));
        _databases[database.Index].Remove(name);
    }

    void IKeyspaceEvents.Modified(Database database, ReadOnlySpan<byte> key) { }

    void IKeyspaceEvents.Deleted(Database database, ReadOnlySpan<byte> key) { }

    void IKeyspaceEvents.Evicted(Database database, ReadOnlySpan<byte> key) { }

    void IKeyspaceEvents.Flushing(Database database, long keys) { }

    void IKeyspaceEvents.Swapped(Database first, Database second) { }

    void IKeyspaceEvents.KeyReady(Database database, ReadOnlySpan<byte> key) { }

    private static string Shorten(string key) => key.Length <= 40 ? key : key[..40] + "...";
}
