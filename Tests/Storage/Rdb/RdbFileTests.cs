using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Rdb;

/// <summary>RDB files of strings: written from a fork, read by a redis-server and by us, and the reverse.</summary>
internal sealed class RdbFileTests
{
    private const long FarMs = 33_177_117_420_000;

    private readonly ManualClock _clock = new(1_800_000_000_000);
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Fill()
    {
        _keyspace = NewKeyspace();
        _keyspace[0].SetString("text"u8, "hello"u8);
        _keyspace[0].SetString("number"u8, "-70000"u8);
        _keyspace[0].SetString("large number"u8, "9223372036854775807"u8);
        _keyspace[0].SetString("zeros"u8, new byte[100_000]);
        _keyspace[0].SetString(""u8, ""u8);
        _keyspace[0].SetString(new byte[300], "a long key"u8);
        _keyspace[0].SetString("volatile"u8, "v"u8, Expiry.At(FarMs));
        _keyspace[9].SetString("elsewhere"u8, Noise(300_000));
        for (var i = 0; i < 5000; i++)
            _keyspace[3].SetString(ByteText.Bytes($"key:{i}"), ByteText.Bytes($"value:{i}"));
    }

    [Test]
    public void A_redis_server_reads_what_we_wrote([Values] RdbCompression compression)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.File("ours.rdb"), Written(_keyspace, Options with { Compression = compression }));
        using var server = RedisProcess.Start("--dir", folder.Path, "--dbfilename", "ours.rdb");
        using var client = server.Connect();

        AssertHoldsAll(client);
        Assert.That(server.Log, Does.Contain("RDB age").And.Contain("Done loading RDB, keys loaded: 5008, keys expired: 0"));
    }

    [Test]
    public void We_read_what_a_redis_server_wrote()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.File("ours.rdb"), Written(_keyspace, Options));
        using var server = RedisProcess.Start("--dir", folder.Path, "--dbfilename", "ours.rdb");
        using var client = server.Connect();
        File.Delete(folder.File("ours.rdb"));
        Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));

        var copy = NewKeyspace();
        using var file = File.OpenRead(folder.File("ours.rdb"));
        var reader = new RdbFileReader(copy, PayloadCheck.Deep);
        reader.Read(new RdbInput(file, "their rewrite of ours.rdb"));

        AssertSame(copy, _keyspace);
        Assert.That(reader.Version, Is.EqualTo(10));
        Assert.That(reader.Aux["redis-ver"], Does.StartWith("7.0"));
    }

    [TestCase(null)]
    [TestCase(AccessPolicy.Lru)]
    [TestCase(AccessPolicy.Lfu)]
    public void A_file_comes_back_as_it_was_with_the_use_of_its_keys(AccessPolicy? policy)
    {
        _keyspace.AccessPolicy = policy ?? AccessPolicy.Lru;
        var entry = _keyspace[0].LookupWrite("text"u8);
        entry.SetIdle(5000);
        entry.SetFrequency(100);
        if (policy == AccessPolicy.Lru) entry.SetIdle(5000);
        var copy = NewKeyspace();
        copy.AccessPolicy = _keyspace.AccessPolicy;

        var reader = Read(Written(_keyspace, Options with { Access = policy, IsAofBase = true, UsedMemory = 12345, Aux = [("repl-id", "abc")] }), copy);

        AssertSame(copy, _keyspace);
        Assert.That(reader.Aux, Is.SupersetOf(new Dictionary<string, string> { ["redis-bits"] = "64", ["used-mem"] = "12345", ["aof-base"] = "1", ["repl-id"] = "abc", ["ctime"] = "1800000000" }));
        if (policy == AccessPolicy.Lru) Assert.That(copy[0].Peek("text"u8).IdleMs, Is.EqualTo(5_000_000));
        else if (policy == AccessPolicy.Lfu) Assert.That(copy[0].Peek("text"u8).Frequency, Is.EqualTo(100));
    }

    [Test]
    public void What_changes_after_the_fork_is_not_in_the_file()
    {
        using var snapshot = _keyspace.Fork();
        var before = NewKeyspace();
        Read(Written(_keyspace, Options), before);
        _keyspace[0].SetString("text"u8, "changed"u8);
        _keyspace[0].Delete("number"u8);
        _keyspace[3].Flush(FlushMode.Sync);
        var stream = new MemoryStream();
        var writer = new RdbFileWriter(stream, Options);
        writer.Write(snapshot);

        var copy = NewKeyspace();
        Read(stream.ToArray(), copy);

        AssertSame(copy, before);
        Assert.That(writer.BytesWritten, Is.EqualTo(stream.Length));
        Assert.That(writer.KeysWritten, Is.EqualTo(5008));
    }

    [Test]
    public void A_key_past_its_time_is_left_out_or_hidden()
    {
        _keyspace[0].SetString("soon"u8, "v"u8, Expiry.At(_clock.NowMs + 10));
        var file = Written(_keyspace, Options);
        _clock.Advance(11);

        Assert.That(Read(file, NewKeyspace()).KeysExpired, Is.EqualTo(1));
        var replica = NewKeyspace();
        var reader = new RdbFileReader(replica, PayloadCheck.Shallow) { ExpiredKeys = ExpiredKeys.Hide };
        reader.Read(new RdbInput(new MemoryStream(file), "file"));
        Assert.That((reader.KeysExpired, replica[0].Count), Is.EqualTo((0L, 8L)));
    }

    [Test]
    public void Any_damage_is_refused()
    {
        _keyspace.FlushAll(FlushMode.Sync);
        _keyspace[0].SetString("text"u8, "hello"u8, Expiry.At(FarMs));
        _keyspace[0].SetString("zeros"u8, new byte[1000]);
        var file = Written(_keyspace, Options);
        for (var at = 0; at < file.Length; at++)
        {
            Assert.That(() => Read(file[..at], NewKeyspace()), Throws.TypeOf<RdbException>(), $"cut at {at}");
            var changed = file.ToArray();
            changed[at] ^= 1;
            Assert.That(() => Read(changed, NewKeyspace()), Throws.TypeOf<RdbException>(), $"changed at {at}");
        }
    }

    [Test]
    public void Without_a_checksum_none_is_asked_for()
    {
        var file = Written(_keyspace, Options with { HasChecksum = false });

        Assert.That(file[^8..], Is.All.Zero);
        Assert.That(Read(file, NewKeyspace()).KeysLoaded, Is.EqualTo(5008));
    }

    [TestCase(2, ValueEncoding.ListPackEx)]
    [TestCase(200, ValueEncoding.HashTable)]
    public void A_file_of_Valkey_has_its_own_form_of_hashes_whose_fields_expire(int count, ValueEncoding encoding)
    {
        byte[] never = [.. Enumerable.Repeat((byte)0xff, 8)];
        var fields = Enumerable.Range(0, count).SelectMany(i => (byte[])
            [.. OlderEncodings.Prefixed(ByteText.Bytes($"f{i}")), 1, (byte)'v', .. i == 1 ? BitConverter.GetBytes(FarMs) : never]);
        byte[] number = count < 64 ? [(byte)count] : [0x40, (byte)count];
        var keyspace = NewKeyspace();

        var reader = Read([.. "VALKEY080"u8, 0xfe, 0, 22, 1, (byte)'h', .. number, .. fields, 0, 1, (byte)'s', 1, (byte)'v', 0xff, .. new byte[8]], keyspace);

        Assert.That((reader.Version, reader.KeysLoaded), Is.EqualTo((80, 2L)));
        var entry = keyspace[0].LookupRead("h"u8);
        Assert.That(entry.Encoding, Is.EqualTo(encoding));
        Assert.That(keyspace.EarliestExpiryMs, Is.LessThanOrEqualTo(FarMs));
        keyspace.Validate();
        Assert.That(() => Read([.. "REDIS0012"u8, 0xfe, 0, 22, 1, (byte)'h', .. number, .. fields, 0xff, .. new byte[8]], NewKeyspace()), Throws.TypeOf<RdbException>().With.Message.Contains("no value of type 22"));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(5000)]
    [TestCase(1_000_000)]
    public void A_table_is_made_for_as_many_keys_as_the_file_says_and_takes_others(int said)
    {
        var keyspace = NewKeyspace();
        byte[] count = [0x80, (byte)(said >> 24), (byte)(said >> 16), (byte)(said >> 8), (byte)said];
        var reader = new RdbFileReader(keyspace, PayloadCheck.Deep) { MostBytes = 4_000_000 };
        var entries = Enumerable.Range(0, 3000).SelectMany(i => OlderEncodings.Prefixed(ByteText.Bytes($"key:{i}")).Prepend((byte)0).Append((byte)1).Append((byte)'v'));
        reader.Read(new RdbInput(new MemoryStream([.. "REDIS0010"u8, 0xfe, 0, 0xfb, .. count, 0, .. entries, 0xff, .. new byte[8]]), "file"));

        keyspace.Validate();
        Assert.That(keyspace[0].Count, Is.EqualTo(3000));
        for (var i = 0; i < 3000; i++)
            Assert.That(keyspace[0].Exists(ByteText.Bytes($"key:{i}")));
        for (var i = 0; i < 20_000; i++)
            keyspace[0].SetString(ByteText.Bytes($"more:{i}"), "x"u8);
        for (var i = 0; i < 3000; i++)
            keyspace[0].Delete(ByteText.Bytes($"key:{i}"));
        keyspace.FinishMaintenance();

        keyspace.Validate();
        Assert.That(keyspace[0].Count, Is.EqualTo(20_000));
    }

    [TestCase("REDIS0011")]
    [TestCase("VALKEY080")]
    public void The_sizes_of_a_clusters_slots_are_passed_over(string magic)
    {
        var keyspace = NewKeyspace();
        byte[] file = [.. ByteText.Bytes(magic), 0xfe, 0, 0xf4, 0x70, 0x01, 1, 0, 0, 1, (byte)'k', 1, (byte)'v', 0xf4, 2, 0, 0, 0xff, .. new byte[8]];

        Assert.That(Read(file, keyspace).KeysLoaded, Is.EqualTo(1));
        Assert.That(keyspace[0].Exists("k"u8));
    }

    // A module's type is nine characters of six bits, then ten bits of a version.
    [TestCase("\x07\x01k")]
    [TestCase("\xf7")]
    public void What_belongs_to_a_module_is_refused_by_the_modules_name(string code)
    {
        byte[] hello = [0x81, .. Convert.FromHexString("1de965a1e0e17002")];
        byte[] file = [.. "REDIS0010"u8, .. ByteText.Bytes(code), .. hello, 0xff];

        Assert.That(() => Read(file, NewKeyspace()), Throws.TypeOf<RdbException>().With.Message.Contains($"'{ModuleName(hello)}' (version 2)"));
    }

    private static string ModuleName(byte[] id)
    {
        const string characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(id.AsSpan(1));
        return new string([.. Enumerable.Range(0, 9).Select(i => characters[(int)(number >> (64 - 6 * (i + 1))) & 63])]);
    }

    [TestCase("REDIS0013", 9)]
    [TestCase("REDIS00x1", 9)]
    [TestCase("VALKEY081", 9)]
    [TestCase("VALKEX080", 9)]
    [TestCase("KESTREL80", 5)]
    [TestCase("REDIS", 5)]
    [TestCase("", 0)]
    public void What_is_no_file_of_a_version_that_is_read_is_refused(string header, int offset)
    {
        var error = Assert.Throws<RdbException>(() => Read(ByteText.Bytes(header), NewKeyspace()));

        Assert.That(error.Offset, Is.EqualTo(offset));
    }

    private RdbFileOptions Options => new() { RedisVersion = "7.4.0", CreatedMs = _clock.NowMs };

    private Keyspace NewKeyspace() => new(new KeyspaceOptions { Clock = _clock });

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Written(Keyspace keyspace, RdbFileOptions options)
    {
        var stream = new MemoryStream();
        using var snapshot = keyspace.Fork();
        new RdbFileWriter(stream, options).Write(snapshot);
        return stream.ToArray();
    }

    private static RdbFileReader Read(byte[] file, Keyspace keyspace)
    {
        var reader = new RdbFileReader(keyspace, PayloadCheck.Deep);
        reader.Read(new RdbInput(new MemoryStream(file), "file.rdb"));
        return reader;
    }

    private static void AssertHoldsAll(RawConnection client)
    {
        Assert.That(client.Ask("DBSIZE"), Is.EqualTo(":7"));
        Assert.That(client.AskPayload("GET", "text"), Is.EqualTo("hello"));
        Assert.That(client.AskPayload("GET", "number"), Is.EqualTo("-70000"));
        Assert.That(client.AskPayload("GET", "large number"), Is.EqualTo("9223372036854775807"));
        Assert.That(client.AskPayload("GET", "zeros") == new string('\0', 100_000), Is.True);
        Assert.That(client.AskPayload("GET", new string('\0', 300)), Is.EqualTo("a long key"));
        Assert.That(client.Ask("PEXPIRETIME", "volatile"), Is.EqualTo($":{FarMs}"));
        Assert.That(client.Ask("PEXPIRETIME", "text"), Is.EqualTo(":-1"));
        client.Ask("SELECT", "9");
        Assert.That(ByteText.Bytes(client.AskPayload("GET", "elsewhere")).AsSpan().SequenceEqual(Noise(300_000)), Is.True);
        client.Ask("SELECT", "3");
        Assert.That(client.Ask("DBSIZE"), Is.EqualTo(":5000"));
        Assert.That(client.AskPayload("GET", "key:4999"), Is.EqualTo("value:4999"));
    }

    private static void AssertSame(Keyspace actual, Keyspace expected)
    {
        using var snapshot = expected.Fork();
        var walk = snapshot.Walk();
        while (walk.MoveNext())
        {
            var entry = actual[walk.DatabaseIndex].Peek(walk.Entry.Key);
            Assert.That(entry.Exists && entry.GetString(new byte[20]).SequenceEqual(walk.Entry.GetString(new byte[20])), Is.True, ByteText.Quote(walk.Entry.Key));
            Assert.That(entry.ExpiryMs, Is.EqualTo(walk.Entry.ExpiryMs), ByteText.Quote(walk.Entry.Key));
        }

        for (var i = 0; i < expected.DatabaseCount; i++)
            Assert.That(actual[i].Count, Is.EqualTo(expected[i].Count));
    }
}
