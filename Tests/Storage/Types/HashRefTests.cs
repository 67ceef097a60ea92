using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Hashes as commands see them, in every encoding, against a dictionary, while forks are held.</summary>
public sealed class HashRefTests
{
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 5 });

    [Test]
    public void Hashes_equal_a_model_under_every_threshold([Values(0, 1, 8, 128, 100_000)] int entries, [Values(3, 64, 100_000)] int value, [Values(1, 2)] int seed)
    {
        _keyspace.Limits.HashMaxListpackEntries = entries;
        _keyspace.Limits.HashMaxListpackValue = value;
        var random = new Random(seed);
        var model = new Dictionary<string, string>();
        Snapshot? fork = null;
        Dictionary<string, string> frozen = [];
        for (var i = 0; i < 3000; i++)
        {
            var field = random.Next(4) == 0 ? random.Next(400).ToString() : "f" + random.Next(random.Next(2) == 0 ? 20 : 400);
            var hash = new HashRef(_keyspace[0].LookupWrite("hash"u8));
            if (random.Next(100) == 0 && fork == null)
            {
                fork = _keyspace.Fork();
                frozen = new Dictionary<string, string>(model);
            }
            else if (random.Next(100) == 0 && fork != null)
            {
                AssertSame(fork, frozen, seed);
                fork.Release();
                fork = null;
            }
            else if (random.Next(5) < 2)
            {
                Assert.That(hash.Delete(Encoding.ASCII.GetBytes(field)), Is.EqualTo(model.Remove(field)), $"seed {seed}");
                Assert.That(hash.Exists, Is.EqualTo(model.Count > 0));
            }
            else
            {
                var text = random.Next(3) == 0 ? random.Next().ToString() : new string('v', random.Next(random.Next(50) == 0 ? 400 : 10));
                Assert.That(hash.Set(Encoding.ASCII.GetBytes(field), Encoding.ASCII.GetBytes(text)), Is.EqualTo(!model.ContainsKey(field)), $"seed {seed}");
                model[field] = text;
            }

            if (i % 50 == 0) AssertSame(new HashRef(_keyspace[0].LookupRead("hash"u8)), model, seed);
        }

        fork?.Dispose();
        _keyspace.FinishMaintenance();

        _keyspace.Validate();
    }

    [TestCase(3, 64, "listpack")]
    [TestCase(4, 64, "hashtable")]
    public void A_hash_becomes_a_table_with_its_first_field_too_many(int fields, int value, string encoding)
    {
        _keyspace.Limits.HashMaxListpackEntries = 3;
        for (var i = 0; i < fields; i++)
            new HashRef(_keyspace[0].LookupWrite("h"u8)).Set([(byte)i], new byte[value]);

        Assert.That(Encoding.ASCII.GetString(_keyspace[0].Peek("h"u8).EncodingName), Is.EqualTo(encoding));
    }

    [TestCase(64, "listpack")]
    [TestCase(65, "hashtable")]
    public void A_hash_becomes_a_table_with_its_first_value_too_long(int length, string encoding)
    {
        new HashRef(_keyspace[0].LookupWrite("h"u8)).Set("f"u8, new byte[length]);

        Assert.That(Encoding.ASCII.GetString(_keyspace[0].Peek("h"u8).EncodingName), Is.EqualTo(encoding));
    }

    [Test]
    public void Random_fields_are_drawn_fairly([Values(10, 300, 5000)] int fields)
    {
        for (var i = 0; i < fields; i++)
            new HashRef(_keyspace[0].LookupWrite("h"u8)).Set(BitConverter.GetBytes(i), "v"u8);
        const int PerField = 40;
        var drawn = new int[fields];
        var hash = new HashRef(_keyspace[0].LookupRead("h"u8));
        for (var i = 0; i < fields * PerField; i++)
        {
            hash.TryGetRandom(out var field, out _);
            drawn[BitConverter.ToInt32(field.Bytes)]++;
        }

        // With n - 1 degrees of freedom chi-squared has a mean of n - 1 and a deviation of sqrt(2n); the seed is fixed.
        var chiSquared = drawn.Sum(count => Math.Pow(count - PerField, 2) / PerField);
        Assert.That(chiSquared, Is.EqualTo(fields - 1).Within(5 * Math.Sqrt(2 * fields)));
    }

    private static void AssertSame(Snapshot fork, Dictionary<string, string> frozen, int seed)
    {
        var walk = fork.Walk();
        var keys = 0;
        for (; walk.MoveNext(); keys++)
            AssertSame(new HashFields(walk.Entry, exists: true, 0), frozen, seed);
        Assert.That(keys, Is.EqualTo(frozen.Count > 0 ? 1 : 0), $"seed {seed}");
    }

    private static void AssertSame(HashRef hash, Dictionary<string, string> model, int seed)
    {
        AssertSame(hash.Fields, model, seed);
        Assert.That(hash.Count, Is.EqualTo(model.Count), $"seed {seed}");
        foreach ((var field, var value) in model)
        {
            var found = hash.TryGet(Encoding.ASCII.GetBytes(field), out var stored);
            Assert.That(found && Encoding.ASCII.GetString(stored.GetText(new byte[20])) == value, $"seed {seed}, field {field}");
        }
    }

    private static void AssertSame(HashFields fields, Dictionary<string, string> model, int seed)
    {
        var seen = new Dictionary<string, string>();
        while (fields.MoveNext())
            seen.Add(Encoding.ASCII.GetString(fields.Field.GetText(new byte[20])), Encoding.ASCII.GetString(fields.Value.GetText(new byte[20])));
        Assert.That(seen, Is.EquivalentTo(model), $"seed {seed}");
    }
}
