using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>Drives a keyspace and its model through the same random operations, and compares them all the way.</summary>
internal sealed class KeyspaceScript : IDisposable
{
    private const int Databases = 3;
    private const int ShrinkingDeleteWeight = 650;

    /// <summary>Lengths at and beside every boundary: empty, embstr, inline, size classes, blocks, runs, arrays.</summary>
    private static readonly int[] Lengths =
    [
        0, 1, 2, 8, 19, 20, 21, 43, 44, 45, 99, 100, 101, 130, 199, 200, 201, 255, 256, 257, 320, 321, 511, 512, 513, 1000, 1023, 1024, 1025,
        2047, 2048, 2049, 16383, 16384, 16385, 20480, 65536, 262143, 262144, 262145, 300000,
    ];

    private readonly Random _random;
    private readonly ScriptSizes _sizes;
    private readonly ManualClock _clock = new(1_700_000_000_000);
    private readonly Keyspace _keyspace;
    private readonly KeyspaceModel _model;
    private bool _isShrinking;
    private readonly HeldForks<KeyspaceModel> _forks;

    public KeyspaceScript(int seed, ScriptSizes sizes, ulong hashMask = ulong.MaxValue)
    {
        _random = new Random(seed);
        _sizes = sizes;
        _model = new KeyspaceModel(Databases, _clock);
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = Databases, Clock = _clock, Events = _model, Seed = seed, HashMask = hashMask });
        _forks = new HeldForks<KeyspaceModel>(_keyspace, _random, static (walk, frozen) => frozen.AssertSame(walk));
    }

    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
            if (i % (operations / 20 + 1) == 0) _keyspace.Validate();
        }

        _forks.EndAll();
        _keyspace.FinishMaintenance();

        CompareAll();
        _keyspace.Validate();
    }

    public void Dispose() => _forks.Dispose();

    private void Step()
    {
        var database = _random.Next(Databases);
        var key = RandomKey();
        var choice = _random.Next(1000);
        if (choice < (_isShrinking ? ShrinkingDeleteWeight : _sizes.DeleteWeight)) Delete(database, key);
        else if (choice < 700) Write(database, key);
        else if (choice < 930) Compare(database, key);
        else Rare(database);
    }

    private void Write(int database, string key)
    {
        switch (_random.Next(10))
        {
            case 8:
                Rename(database, key);
                break;
            case 9:
                Copy(database, key);
                break;
            case < 4:
                Set(database, key);
                break;
            case 4:
                SetInteger(database, key);
                break;
            case 5:
                Append(database, key);
                break;
            case 6:
                Resize(database, key);
                break;
            default:
                ChangeExpiry(database, key);
                break;
        }
    }

    private void Rare(int database)
    {
        var choice = _random.Next(2000);
        if (choice < 20) Flush(database);
        else if (choice < 40) Swap();
        else if (choice < 60 && _forks.Count < 4) BeginFork();
        else if (choice < 120 && _forks.Count > 0) _forks.EndOne();
        else if (choice < 180) Compact();
        else if (choice < 190) _isShrinking = !_isShrinking;
        else if (choice < 400) _keyspace.RunMaintenance(_random.Next(50));
        else if (choice < 460) _keyspace.ExpireCycle(_random.Next(50));
        else if (choice < 480) ExpireAll();
        else if (choice < 600) _keyspace.RunMaintenance(0);
        else if (choice < 1000) _clock.Advance(_random.Next(500));
    }

    private void Set(int database, string key)
    {
        var old = _model.Find(database, key);
        var value = RandomValue();
        (var expiry, var expected) = RandomExpiry(old?.Expiry ?? -1);
        var form = (StringForm)(_random.Next(10) switch { 0 => 1, 1 => 2, _ => 0 });
        if (form == StringForm.Compact && _random.Next(2) == 0)
        {
            _keyspace[database].SetString(Bytes(key), value, expiry);
        }
        else
        {
            var entry = _keyspace[database].LookupWrite(Bytes(key));
            Assert.That(entry.Exists, Is.EqualTo(old != null));
            entry.SetString(value, expiry, form);
            Assert.That(entry.StringLength, Is.EqualTo(value.Length));
        }

        _model[database][key] = new KeyspaceModel.Value(value, expected, form);
    }

    private void SetInteger(int database, string key)
    {
        var old = _model.Find(database, key);
        var value = _random.NextInt64() >> _random.Next(64);
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        entry.SetInteger(value);
        Assert.That(entry.TryGetInteger(out var stored) ? stored : value + 1, Is.EqualTo(value));
        _model[database][key] = new KeyspaceModel.Value(Encoding.Latin1.GetBytes(value.ToString()), old?.Expiry ?? -1, StringForm.Compact);
    }

    private void Append(int database, string key)
    {
        var old = _model.Find(database, key);
        var tail = RandomBytes(_random.Next(3) == 0 ? RandomLength() : _random.Next(10));
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        var length = entry.Append(tail);
        byte[] value = [.. old?.Bytes ?? [], .. tail];
        Assert.That(length, Is.EqualTo(value.Length));
        _model[database][key] = new KeyspaceModel.Value(value, old?.Expiry ?? -1, old == null ? StringForm.Compact : StringForm.Raw);
    }

    private void Resize(int database, string key)
    {
        var old = _model.Find(database, key);
        var length = RandomLength();
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        var whole = entry.ResizeString(length);
        var value = new byte[length];
        old?.Bytes.AsSpan(0, Math.Min(length, old.Bytes.Length)).CopyTo(value);
        if (!whole.SequenceEqual(value)) throw new AssertionException($"a string resized to {length} bytes differs");
        if (length > 0) whole[length / 2] = value[length / 2] = (byte)_random.Next(256);
        _model[database][key] = new KeyspaceModel.Value(value, old?.Expiry ?? -1, StringForm.Raw);
    }

    private void ChangeExpiry(int database, string key)
    {
        var old = _model.Find(database, key);
        var entry = _keyspace[database].LookupWrite(Bytes(key));
        Assert.That(entry.Exists, Is.EqualTo(old != null));
        if (old == null) return;
        if (_random.Next(3) == 0)
        {
            Assert.That(entry.ClearExpiry(), Is.EqualTo(old.Expiry >= 0));
            _model[database][key] = old with { Expiry = -1 };
            return;
        }

        var expiry = _clock.NowMs + _random.Next(3000);
        entry.SetExpiry(expiry);
        Assert.That(entry.ExpiryMs, Is.EqualTo(expiry));
        _model[database][key] = old with { Expiry = expiry };
    }

    private void Rename(int database, string key)
    {
        var to = _random.Next(Databases);
        var newKey = RandomKey();
        if (to == database && newKey == key) return;
        var value = _model.Find(database, key);
        Assert.That(_keyspace[database].Rename(Bytes(key), _keyspace[to], Bytes(newKey)), Is.EqualTo(value != null));
        if (value == null) return;
        _model[database].Remove(key);
        _model[to][newKey] = value;
    }

    private void Copy(int database, string key)
    {
        var to = _random.Next(Databases);
        var newKey = RandomKey();
        if (to == database && newKey == key) return;
        var value = _model.Find(database, key);
        Assert.That(_keyspace[database].Copy(Bytes(key), _keyspace[to], Bytes(newKey)), Is.EqualTo(value != null));
        if (value != null) _model[to][newKey] = value;
    }

    private void Delete(int database, string key)
    {
        var expected = _model.Find(database, key) != null;
        Assert.That(_keyspace[database].Delete(Bytes(key)), Is.EqualTo(expected));
        _model[database].Remove(key);
    }

    private void Compare(int database, string key)
    {
        if (_random.Next(4) == 0)
        {
            _keyspace.PrefetchKey(_keyspace[database], Bytes(key));
            _keyspace.PrefetchEntries();
        }

        var expected = _model.Find(database, key);
        var entry = _keyspace[database].LookupRead(Bytes(key));
        Assert.That(entry.Exists, Is.EqualTo(expected != null));
        if (expected == null) return;
        if (!entry.GetString(stackalloc byte[20]).SequenceEqual(expected.Bytes))
            throw new AssertionException($"a value of {expected.Bytes.Length} bytes differs");
        Assert.That(entry.StringLength, Is.EqualTo(expected.Bytes.Length));
        Assert.That(entry.ExpiryMs, Is.EqualTo(expected.Expiry));
        Assert.That(entry.Encoding, Is.EqualTo(expected.Encoded));
    }

    private void CompareAll()
    {
        for (var database = 0; database < Databases; database++)
        {
            foreach (var key in _model[database].Keys.ToArray())
                Compare(database, key);
            Assert.That(_keyspace[database].Count, Is.EqualTo(_model[database].Count));
            Assert.That(_keyspace[database].ExpiresCount, Is.EqualTo(_model[database].Values.Count(value => value.Expiry >= 0)));
        }
    }

    private void Flush(int database)
    {
        _keyspace[database].Flush(_random.Next(2) == 0 ? FlushMode.Sync : FlushMode.Async);
        _model[database].Clear();
    }

    private void Swap()
    {
        int first = _random.Next(Databases), second = _random.Next(Databases);
        _keyspace.Swap(first, second);
        _model.Swap(first, second);
    }

    // Without any read: what the cycle leaves is what the model has left.
    private void ExpireAll()
    {
        while (_keyspace.ExpireCycle(1_000_000))
        {
        }

        var earliest = long.MaxValue;
        for (var database = 0; database < Databases; database++)
        {
            _model.ExpireAll(database);
            Assert.That(_keyspace[database].Count, Is.EqualTo(_model[database].Count));
            Assert.That(_keyspace[database].ExpiresCount, Is.EqualTo(_model[database].Values.Count(value => value.Expiry >= 0)));
            earliest = _model[database].Values.Where(value => value.Expiry >= 0).Select(value => value.Expiry).Append(earliest).Min();
        }

        Assert.That(_keyspace.EarliestExpiryMs, Is.InRange(_clock.NowMs, earliest));
    }

    // Goes on in the slices of maintenance to come, while keys come and go and forks begin and end. That everything is to be moved is the
    // harsher trial, that only what lies sparsely is the usual case.
    private void Compact()
    {
        if (_random.Next(3) == 0) _keyspace.Compact();
        else _keyspace.CompactEverything();
    }

    private void BeginFork()
    {
        var snapshot = _forks.Begin(_model.Freeze());
        Assert.That(snapshot.Databases.Select(described => described.Count), Is.EqualTo(Enumerable.Range(0, Databases).Select(i => _keyspace[i].Count)));
    }

    private (Expiry Expiry, long Expected) RandomExpiry(long old)
    {
        var at = _clock.NowMs + 1 + _random.Next(3000);
        return _random.Next(4) switch
        {
            0 => (Expiry.Keep, old),
            1 => (Expiry.At(at), at),
            _ => (Expiry.None, -1),
        };
    }

    private string RandomKey()
    {
        var number = _random.Next(_sizes.Keys);
        var key = "k" + number;
        return (number % 50) switch
        {
            0 when number == 0 => "",
            0 => key + new string('x', 200 - key.Length),
            1 => key + new string('x', 201 - key.Length),
            2 when number < 300 => key + new string('x', 3000),
            3 when number == 53 => key + new string('x', 300_000),
            _ => key,
        };
    }

    private byte[] RandomValue()
    {
        if (_random.Next(4) == 0) return Encoding.Latin1.GetBytes((_random.NextInt64() >> _random.Next(64)).ToString());
        return RandomBytes(RandomLength());
    }

    private int RandomLength()
    {
        var last = _random.Next(50) == 0 ? Lengths.Length : _sizes.UsualLengths;
        return Lengths[_random.Next(Math.Min(last, Lengths.Length))];
    }

    private byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Bytes(string key) => Encoding.Latin1.GetBytes(key);
}

/// <summary>How large a script's keyspace gets: keys, how many of the lengths are usual, and how many in a thousand operations delete.</summary>
internal sealed record ScriptSizes(int Keys, int UsualLengths, int DeleteWeight);
