using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Fields of hashes that expire: nobody sees one past its time, and all go though nobody asks for them.</summary>
public sealed class FieldExpiryTests
{
    private const long Start = 1_700_000_000_000;

    private ManualClock _clock = null!;
    private Counter _events = null!;
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace()
    {
        _clock = new ManualClock(Start);
        _events = new Counter();
        _keyspace = new Keyspace(new KeyspaceOptions { Clock = _clock, Seed = 5, Databases = 2, Events = _events });
    }

    [Test]
    public void Hashes_equal_a_model_while_time_passes([Values(4, 128)] int entries, [Values(5, 600)] int keys, [Range(1, 3)] int seed)
    {
        _keyspace.Limits.HashMaxListpackEntries = entries;
        var random = new Random(seed);
        var model = new Dictionary<string, Dictionary<string, (string Value, long Expiry)>>();
        Snapshot? fork = null;
        for (var i = 0; i < 6_000; i++)
        {
            Step(random, model, $"key{random.Next(keys)}", $"f{random.Next(entries * 3 / 2)}");
            if (random.Next(20) == 0)
            {
                _clock.Advance(random.Next(300));
                Forget(model);
            }

            if (random.Next(10) == 0) _keyspace.ExpireCycle(random.Next(50));
            if (random.Next(200) == 0)
            {
                fork?.Release();
                fork = random.Next(2) == 0 ? _keyspace.Fork() : null;
            }

            if (i % 1000 == 0) _keyspace.Validate();
        }

        fork?.Release();
        Forget(model);
        foreach (var key in model.Keys)
            AssertSame(new HashRef(_keyspace[0].LookupRead(Bytes(key))), model[key], seed);
        _clock.Advance(1_000_000);
        Forget(model);
        Sweep();
        Assert.That(_keyspace[0].Count, Is.EqualTo(model.Count), $"seed {seed}");
        foreach (var key in model.Keys)
            Assert.That(new HashRef(_keyspace[0].Peek(Bytes(key))).Count, Is.EqualTo(model[key].Count), $"seed {seed}");
        _keyspace.FinishMaintenance();

        _keyspace.Validate();
    }

    [Test]
    public void Fields_go_though_nobody_asks_for_them([Values(3, 400, 50_000)] int fields)
    {
        var hash = new HashRef(_keyspace[0].LookupWrite("h"u8));
        for (var i = 0; i < fields; i++)
        {
            hash.Set(BitConverter.GetBytes(i), "v"u8);
            hash.SetExpiry(BitConverter.GetBytes(i), Start + 10 + i % 100);
        }

        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(Start + 10));
        _clock.Advance(60);
        Sweep();
        Assert.That(_events.Fields, Is.EqualTo(Enumerable.Range(0, fields).Count(i => i % 100 < 50)));
        _clock.Advance(60);
        Sweep();

        Assert.That(_events.Fields, Is.EqualTo(fields));
        Assert.That(_events.Removed, Is.EqualTo(1));
        Assert.That(_keyspace[0].Count, Is.Zero);
        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void The_hashes_with_such_fields_are_counted_whatever_becomes_of_them([Values(2, 500)] int fields)
    {
        _keyspace.Limits.HashMaxListpackEntries = 100;
        for (var i = 0; i < 5; i++)
            Fill(new HashRef(_keyspace[0].LookupWrite(Bytes($"h{i}"))), fields);
        Assert.That(Counts(), Is.EqualTo((0, 0)));
        for (var i = 0; i < 5; i++)
            new HashRef(_keyspace[0].LookupWrite(Bytes($"h{i}"))).SetExpiry("f0"u8, Start + 10 + i);
        new HashRef(_keyspace[0].LookupWrite("h0"u8)).SetExpiry("f1"u8, Start + 1000);
        Assert.That(Counts(), Is.EqualTo((5, 0)));

        var fork = _keyspace.Fork();
        new HashRef(_keyspace[0].LookupWrite("h1"u8)).ClearExpiry("f0"u8);
        new HashRef(_keyspace[0].LookupWrite("h2"u8)).Set("f0"u8, "v"u8);
        Assert.That(Counts(), Is.EqualTo((3, 0)));
        _keyspace[0].Copy("h0"u8, _keyspace[1], "copy"u8);
        _keyspace[0].Rename("h3"u8, _keyspace[1], "moved"u8);
        _keyspace[0].Rename("h0"u8, _keyspace[0], "h4"u8);
        Assert.That(Counts(), Is.EqualTo((1, 2)));
        _clock.Advance(500);
        Sweep();
        Assert.That(Counts(), Is.EqualTo((1, 1)), "what has only lost one of two fields still counts");
        _keyspace.Swap(0, 1);
        Assert.That(Counts(), Is.EqualTo((1, 1)));
        _keyspace[1].SetString("h4"u8, "v"u8);
        _keyspace[0].Flush(FlushMode.Sync);
        Assert.That(Counts(), Is.EqualTo((0, 0)));
        fork.Release();
        _keyspace.Validate();
    }

    [Test]
    public void A_hash_that_was_renamed_moved_or_copied_still_expires()
    {
        var hash = new HashRef(_keyspace[0].LookupWrite("h"u8));
        hash.Set("f"u8, "v"u8);
        hash.SetExpiry("f"u8, Start + 10);
        _keyspace[0].Copy("h"u8, _keyspace[1], "copy"u8);
        _keyspace[0].Rename("h"u8, _keyspace[0], "other"u8);
        _keyspace[0].LookupWrite("other"u8).SetExpiry(Start + 1_000_000);
        _clock.Advance(11);
        Sweep();

        Assert.That(_keyspace[0].Count + _keyspace[1].Count, Is.Zero);
    }

    [Test]
    public void A_field_is_there_in_the_millisecond_that_it_expires_at_and_gone_in_the_next([Values(1, 500)] int others)
    {
        _keyspace.Limits.HashMaxListpackEntries = 100;
        for (var i = 0; i < others; i++)
            new HashRef(_keyspace[0].LookupWrite("h"u8)).Set(BitConverter.GetBytes(i), "v"u8);
        var hash = new HashRef(_keyspace[0].LookupWrite("h"u8));
        hash.Set("f"u8, "v"u8);
        hash.SetExpiry("f"u8, Start + 10);
        _clock.Advance(10);
        Assert.That(hash.Contains("f"u8), Is.True);
        _clock.Advance(1);

        Assert.That(hash.Contains("f"u8), Is.False);
        Assert.That(hash.CountLive(), Is.EqualTo(others));
    }

    [Test]
    public void Hidden_fields_stay()
    {
        var hash = new HashRef(_keyspace[0].LookupWrite("h"u8));
        hash.Set("f"u8, "v"u8);
        hash.SetExpiry("f"u8, Start + 10);
        _keyspace.ExpiredKeys = ExpiredKeys.Hide;
        _clock.Advance(100);
        hash.ExpireFields(100);
        _keyspace.ExpireCycle(1000);

        Assert.That(hash.Contains("f"u8), Is.False);
        Assert.That(hash.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_hash_without_expiries_pays_nothing()
    {
        var hash = new HashRef(_keyspace[0].LookupWrite("h"u8));
        hash.Set("f"u8, "v"u8);
        var bytes = _keyspace[0].Peek("h"u8).PackedBytes.Length;
        hash.SetExpiry("f"u8, Start + 10);

        Assert.That(bytes, Is.EqualTo(13));
        Assert.That(Encoding.ASCII.GetString(_keyspace[0].Peek("h"u8).EncodingName), Is.EqualTo("listpackex"));
    }

    private void Step(Random random, Dictionary<string, Dictionary<string, (string Value, long Expiry)>> model, string key, string field)
    {
        var entry = _keyspace[0].LookupWrite(Bytes(key));
        var hash = new HashRef(entry);
        hash.ExpireFields(random.Next(1, 20));
        var fields = model.GetValueOrDefault(key) ?? [];
        var exists = fields.TryGetValue(field, out var old);
        Assert.That(hash.TryGetExpiry(Bytes(field), out var expiry), Is.EqualTo(exists));
        Assert.That(expiry, Is.EqualTo(exists ? old.Expiry : -1));
        var choice = random.Next(10);
        if (choice < 4)
        {
            string value = new('v', random.Next(20));
            var keeps = random.Next(2) == 0;
            Assert.That(hash.Set(Bytes(field), Bytes(value), keeps ? Expiry.Keep : Expiry.None), Is.EqualTo(!exists));
            fields[field] = (value, keeps && exists ? old.Expiry : -1);
            model[key] = fields;
        }
        else if (choice < 7 && exists)
        {
            var at = _clock.NowMs + 1 + random.Next(2000);
            hash.SetExpiry(Bytes(field), at);
            fields[field] = (old.Value, at);
        }
        else if (choice == 7 && exists)
        {
            hash.ClearExpiry(Bytes(field));
            fields[field] = (old.Value, -1);
        }
        else if (choice == 8 && fields.Remove(field))
        {
            Assert.That(hash.Delete(Bytes(field)), Is.True);
            if (fields.Count == 0) model.Remove(key);
        }
        else if (choice == 9 && hash.Exists)
        {
            AssertSame(hash, fields, 0);
        }
    }

    private void Forget(Dictionary<string, Dictionary<string, (string Value, long Expiry)>> model)
    {
        foreach ((var key, var fields) in model.ToArray())
        {
            foreach ((var field, (_, var expiry)) in fields.ToArray())
            {
                if (expiry >= 0 && expiry < _clock.NowMs) fields.Remove(field);
            }

            if (fields.Count == 0) model.Remove(key);
        }
    }

    private void Sweep()
    {
        while (_keyspace.ExpireCycle(1000))
        {
        }
    }

    private static void AssertSame(HashRef hash, Dictionary<string, (string Value, long Expiry)> model, int seed)
    {
        var seen = new Dictionary<string, (string, long)>();
        for (var fields = hash.Fields; fields.MoveNext();)
            seen.Add(Encoding.ASCII.GetString(fields.Field.GetText(new byte[20])), (Encoding.ASCII.GetString(fields.Value.GetText(new byte[20])), fields.ExpiryMs));
        Assert.That(seen, Is.EquivalentTo(model), $"seed {seed}");
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private sealed class Counter : IKeyspaceEvents
    {
        public long Fields { get; private set; }

        public int Removed { get; private set; }

        public void Modified(Database database, ReadOnlySpan<byte> key) { }

        public void Deleted(Database database, ReadOnlySpan<byte> key) { }

        public void Expired(Database database, ReadOnlySpan<byte> key) { }

        public void FieldsExpired(Database database, ReadOnlySpan<byte> key, long fields, HashFate fate)
        {
            Fields += fields;
            Removed += fate == HashFate.Removed ? 1 : 0;
        }

        public void Evicted(Database database, ReadOnlySpan<byte> key) { }

        public void Flushing(Database database, long keys) { }

        public void Swapped(Database first, Database second) { }

        public void KeyReady(Database database, ReadOnlySpan<byte> key) { }
    }

    private (long First, long Second) Counts() => (_keyspace[0].ExpiringHashes, _keyspace[1].ExpiringHashes);

    private static void Fill(HashRef hash, int fields)
    {
        for (var i = 0; i < fields; i++)
            hash.Set(Bytes($"f{i}"), "v"u8);
    }
}
