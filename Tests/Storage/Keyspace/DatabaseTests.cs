using System.Text;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>What commands see of a database: strings in their encodings, expiry, events, statistics.</summary>
public sealed class DatabaseTests
{
    private ManualClock _clock = null!;
    private RecordedEvents _events = null!;
    private Keyspace _keyspace = null!;
    private Database _database = null!;

    [SetUp]
    public void Make_a_keyspace()
    {
        _clock = new ManualClock(1_000_000);
        _events = new RecordedEvents();
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 4, Clock = _clock, Events = _events, Seed = 1 });
        _database = _keyspace[0];
    }

    [TearDown]
    public void Check_the_keyspace() => _keyspace.Validate();

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("9223372036854775807")]
    [TestCase("-9223372036854775808")]
    public void A_string_that_is_an_integer_is_stored_as_one(string value)
    {
        Set("k", value);

        var entry = Look("k");
        Assert.That(entry.TryGetInteger(out var stored), Is.True);
        Assert.That(stored.ToString(), Is.EqualTo(value));
        Assert.That(Text(entry.EncodingName), Is.EqualTo("int"));
        Assert.That(entry.StringLength, Is.EqualTo(value.Length));
        Assert.That(Value("k"), Is.EqualTo(value));
    }

    [TestCase("")]
    [TestCase("-0")]
    [TestCase("+1")]
    [TestCase("01")]
    [TestCase(" 1")]
    [TestCase("9223372036854775808")]
    [TestCase("99999999999999999999")]
    public void A_string_that_an_integer_does_not_print_as_stays_text(string value)
    {
        Set("k", value);

        var entry = Look("k");
        Assert.That(entry.TryGetInteger(out _), Is.False);
        Assert.That(Text(entry.EncodingName), Is.EqualTo("embstr"));
        Assert.That(Value("k"), Is.EqualTo(value));
    }

    [TestCase(44, "embstr")]
    [TestCase(45, "raw")]
    [TestCase(300_000, "raw")]
    public void Encoding_tells_short_strings_from_long_ones(int length, string encoding)
    {
        Set("k", new string('x', length));

        Assert.That(Text(Look("k").EncodingName), Is.EqualTo(encoding));
    }

    [Test]
    public void An_appended_string_is_raw_and_a_set_one_is_not_again()
    {
        Set("k", "1");
        var entry = _database.LookupWrite("k"u8);
        Assert.That(entry.Append("2"u8), Is.EqualTo(2));

        Assert.That(Text(Look("k").EncodingName), Is.EqualTo("raw"));
        Assert.That(Value("k"), Is.EqualTo("12"));

        Set("k", "ab");
        Assert.That(Text(Look("k").EncodingName), Is.EqualTo("embstr"));
    }

    [Test]
    public void Appending_to_a_missing_key_sets_it()
    {
        var entry = _database.LookupWrite("k"u8);
        Assert.That(entry.Append("7"u8), Is.EqualTo(1));

        Assert.That(Text(Look("k").EncodingName), Is.EqualTo("int"));
    }

    [Test]
    public void A_resized_string_is_filled_with_zeros_even_where_an_old_value_was()
    {
        Set("k", new string('x', 1000));
        _database.LookupWrite("k"u8).ResizeString(10);
        var whole = _database.LookupWrite("k"u8).ResizeString(1000);

        Assert.That(whole[..10].IndexOfAnyExcept((byte)'x'), Is.EqualTo(-1));
        Assert.That(whole[10..].IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
    }

    [Test]
    public void A_text_that_is_a_number_can_be_kept_as_text()
    {
        var entry = _database.LookupWrite("k"u8);
        entry.SetString("3"u8, Expiry.None, StringForm.Text);

        Assert.That(Text(Look("k").EncodingName), Is.EqualTo("embstr"));
    }

    [Test]
    public void Empty_keys_and_values_are_valid()
    {
        Set("", "");

        Assert.That(Look("").Exists, Is.True);
        Assert.That(Look("").StringLength, Is.Zero);
        Assert.That(_database.Delete(""u8), Is.True);
    }

    [TestCase(200)]
    [TestCase(201)]
    [TestCase(262_144)]
    [TestCase(262_145)]
    [TestCase(3_000_000)]
    public void Keys_of_any_length_are_kept_whole(int length)
    {
        byte[] key = [.. Enumerable.Repeat((byte)'k', length)];
        byte[] other = [.. key];
        other[^1] = (byte)'l';
        _database.SetString(key, "1"u8);
        _database.SetString(other, "2"u8);

        Assert.That(_database.LookupRead(key).TryGetInteger(out var value) ? value : 0, Is.EqualTo(1));
        Assert.That(_database.Delete(key), Is.True);
        Assert.That(_database.Exists(other), Is.True);
        Assert.That(_database.Delete(other), Is.True);
        Assert.That(_keyspace.Memory.RunBytes + _keyspace.Memory.LargeValueBytes, Is.Zero);
    }

    [Test]
    public void A_key_is_there_in_the_millisecond_it_expires_at_and_gone_in_the_next()
    {
        _database.SetString("k"u8, "v"u8, Expiry.At(1_000_100));
        _clock.Set(1_000_100);
        Assert.That(_database.Exists("k"u8), Is.True);

        _clock.Set(1_000_101);
        Assert.That(_database.Exists("k"u8), Is.False);
        Assert.That(_database.Count, Is.Zero);
        Assert.That(_events.Take(), Is.EqualTo("ready 0 k, modified 0 k, expired 0 k"));
        Assert.That(_keyspace.ExpiredCount, Is.EqualTo(1));
    }

    [Test]
    public void Hidden_expired_keys_stay_until_they_are_written()
    {
        _keyspace.ExpiredKeys = ExpiredKeys.Hide;
        _database.SetString("k"u8, "v"u8, Expiry.At(1_000_100));
        _clock.Set(2_000_000);

        Assert.That(_database.Exists("k"u8), Is.False);
        Assert.That(_database.Count, Is.EqualTo(1));
        Assert.That(_database.LookupWrite("k"u8).Exists, Is.False);
        Assert.That(_database.Count, Is.Zero);
    }

    [Test]
    public void Setting_a_key_drops_its_expiry_unless_it_is_kept()
    {
        _database.SetString("k"u8, "v"u8, Expiry.At(5_000_000));
        _database.SetString("k"u8, "w"u8, Expiry.Keep);
        Assert.That(Look("k").ExpiryMs, Is.EqualTo(5_000_000));

        _database.SetString("k"u8, "w"u8);
        Assert.That(Look("k").ExpiryMs, Is.EqualTo(-1));
        Assert.That(_database.ExpiresCount, Is.Zero);
    }

    [Test]
    public void An_integer_written_in_place_keeps_its_expiry()
    {
        _database.SetString("k"u8, "1"u8, Expiry.At(5_000_000));
        _database.LookupWrite("k"u8).SetInteger(2);

        Assert.That(Look("k").ExpiryMs, Is.EqualTo(5_000_000));
        Assert.That(Value("k"), Is.EqualTo("2"));
    }

    [Test]
    public void The_average_time_to_live_is_exact()
    {
        _database.SetString("a"u8, "v"u8, Expiry.At(1_001_000));
        _database.SetString("b"u8, "v"u8, Expiry.At(1_003_000));
        _database.SetString("c"u8, "v"u8);

        Assert.That(_database.AverageTtlMs, Is.EqualTo(2000));
        Assert.That(_database.ExpiresCount, Is.EqualTo(2));
    }

    [Test]
    public void Every_write_raises_its_event()
    {
        Set("k", "v");
        Set("k", "w");
        var entry = _database.LookupWrite("k"u8);
        entry.SetExpiry(2_000_000);
        entry.ClearExpiry();
        entry.ClearExpiry();
        entry.Delete();
        entry.Delete();
        _keyspace.Swap(0, 1);
        _keyspace[2].Flush(FlushMode.Sync);

        Assert.That(_events.Take(), Is.EqualTo(
            "ready 0 k, modified 0 k, modified 0 k, modified 0 k, modified 0 k, deleted 0 k, swapped 0 1, flushing 2"));
    }

    [Test]
    public void Reads_count_hits_and_misses_and_peeks_do_not()
    {
        Set("k", "v");
        _database.LookupRead("k"u8);
        _database.LookupRead("missing"u8);
        _database.LookupWrite("missing"u8);
        _database.Peek("k"u8);

        Assert.That((_keyspace.Hits, _keyspace.Misses), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Idle_time_counts_from_the_last_look_up_that_touches()
    {
        Set("k", "v");
        _clock.Advance(10_000);
        Assert.That(_database.LookupRead("k"u8, Touch.No).IdleMs, Is.EqualTo(10_000));
        Assert.That(_database.LookupRead("k"u8).IdleMs, Is.Zero);
    }

    [Test]
    public void Frequency_grows_with_use_and_decays_with_time()
    {
        _keyspace.AccessPolicy = AccessPolicy.Lfu;
        Set("k", "v");
        Assert.That(_database.Peek("k"u8).Frequency, Is.EqualTo(5));
        for (var i = 0; i < 1000; i++)
            _database.LookupRead("k"u8);
        var used = _database.Peek("k"u8).Frequency;
        Assert.That(used, Is.InRange(10, 30));

        _clock.Advance(4 * 60_000);
        Assert.That(_database.Peek("k"u8).Frequency, Is.EqualTo(used - 4));
    }

    [Test]
    public void Swapped_databases_keep_their_numbers()
    {
        Set("k", "v");
        _keyspace.Swap(0, 3);

        Assert.That(_keyspace[3].Index, Is.EqualTo(3));
        Assert.That(_keyspace[3].Exists("k"u8), Is.True);
        Assert.That(_keyspace[0].Count, Is.Zero);
    }

    [TestCase(FlushMode.Sync)]
    [TestCase(FlushMode.Async)]
    public void Flushing_frees_all_memory(FlushMode mode)
    {
        for (var i = 0; i < 20_000; i++)
            _database.SetString(Encoding.ASCII.GetBytes("key" + i), new byte[i % 50 == 0 ? 1000 : 20]);
        _keyspace.FlushAll(mode);
        Assert.That(_database.Count, Is.Zero);
        _keyspace.FinishMaintenance();

        var memory = _keyspace.Memory;
        Assert.That(memory.HeadBytes + memory.BlockBytes + memory.RunBytes, Is.Zero);
    }

    [Test]
    public void The_steady_state_allocates_nothing()
    {
        byte[][] keys = [.. Enumerable.Range(0, 1000).Select(i => Encoding.ASCII.GetBytes("key:" + i))];
        var value = new byte[1000];

        Assert.That(Allocations.InSteadyState(() => UseEverything(keys, value)), Is.Zero);
    }

    private void UseEverything(byte[][] keys, byte[] value)
    {
        var events = _keyspace.Events;
        _keyspace.Events = NoKeyspaceEvents.Instance;
        Span<byte> scratch = stackalloc byte[20];
        foreach (var key in keys)
            _keyspace.PrefetchKey(_database, key);
        _keyspace.PrefetchEntries();
        foreach (var key in keys)
        {
            _database.SetString(key, value.AsSpan(0, key.Length * 7), Expiry.At(9_000_000));
            _database.LookupRead(key).GetString(scratch);
            _database.SetString(key, value);
            var entry = _database.LookupWrite(key);
            entry.SetInteger(5);
            entry.Append("text"u8);
            entry.ResizeString(700);
            entry.SetExpiry(5_000_000);
            _database.Delete(key);
        }

        _keyspace.Events = events;
    }

    private void Set(string key, string value) => _database.SetString(Encoding.Latin1.GetBytes(key), Encoding.Latin1.GetBytes(value));

    private EntryRef Look(string key) => _database.LookupRead(Encoding.Latin1.GetBytes(key));

    private string Value(string key) => Text(Look(key).GetString(stackalloc byte[20]));

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
