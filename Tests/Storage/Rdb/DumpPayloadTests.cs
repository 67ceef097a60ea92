using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Rdb;

internal sealed class DumpPayloadTests
{
    private readonly Keyspace _keyspace = new(new KeyspaceOptions { Databases = 1, Seed = 1 });
    private readonly DumpPayload _dumps = new();

    private Database Database => _keyspace[0];

    [SetUp]
    public void Empty() => _keyspace.FlushAll(FlushMode.Sync);

    [TestCase("")]
    [TestCase("12345")]
    [TestCase("-9223372036854775808")]
    [TestCase("hello")]
    [TestCase("0x")]
    public void A_string_comes_back(string value)
    {
        Database.SetString("from"u8, ByteText.Bytes(value));

        Restore(Payload("from"u8));

        Assert.That(Value("to"u8), Is.EqualTo(value));
        Assert.That(Database.Peek("to"u8).Encoding, Is.EqualTo(Database.Peek("from"u8).Encoding));
    }

    [Test]
    public void A_payload_is_known_to_the_byte()
    {
        Database.SetString("k"u8, "10"u8);

        Assert.That(ByteText.Escape(Payload("k"u8)), Is.EqualTo("\\x00\\xc0\\n\\n\\x00n\\x9fWE\\x0e\\xaec\\xbb"));
    }

    [Test]
    public void A_large_payload_leaves_no_large_buffer_for_the_next()
    {
        Database.SetString("large"u8, new byte[1 << 20]);
        Database.SetString("small"u8, "x"u8);

        Assert.That(Payload("large"u8), Has.Length.LessThan(20_000));
        Assert.That(Payload("small"u8), Has.Length.EqualTo(13));
    }

    [Test]
    public void Any_changed_or_missing_byte_is_noticed()
    {
        Database.SetString("k"u8, "some text, some more text, some text"u8);
        var payload = Payload("k"u8);
        for (var at = 0; at < payload.Length; at++)
        {
            var changed = payload.ToArray();
            changed[at] ^= 0x40;

            Assert.That(DumpPayload.IsIntact(changed), Is.False, $"byte {at}");
            Assert.That(DumpPayload.IsIntact(payload.AsSpan(0, at)), Is.False, $"cut at {at}");
        }

        Assert.That(DumpPayload.IsIntact(payload), Is.True);
    }

    [TestCase(0, true)]
    [TestCase(12, true)]
    [TestCase(13, false)]
    [TestCase(65535, false)]
    public void A_newer_version_is_refused(int version, bool expected)
    {
        Assert.That(DumpPayload.IsIntact(Signed([0, 1, (byte)'x'], version)), Is.EqualTo(expected));
    }

    [Test]
    public void Every_sound_body_is_restored()
    {
        foreach (var body in RdbBodies.All)
        {
            Assert.That(() => Restore(Signed(body, 10)), Throws.Nothing, Convert.ToHexString(body));
            Dumped("to"u8);
        }

        _keyspace.Validate();
    }

    // The checksum is set right, so that the damage reaches the reader.
    [Test]
    public void Damage_is_refused_or_gives_some_value_and_never_more([Values] PayloadCheck check)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        Database.SetString("text"u8, "some text, some more text, some text"u8);
        Database.SetString("zeros"u8, new byte[5000]);
        Database.SetString("number"u8, "70000"u8);
        byte[][] bodies = [.. new[] { "text", "zeros", "number" }.Select(key => Payload(ByteText.Bytes(key))[..^10]), .. RdbBodies.All];
        var (restored, refused) = (0, 0);
        for (var round = 0; round < 40_000; round++)
        {
            var body = Damaged(bodies[random.Next(bodies.Length)], random);
            Database.SetString("to"u8, "old"u8);
            try
            {
                Restore(Signed(body, 10), check);
                restored++;
                Dumped("to"u8);
            }
            catch (RdbException)
            {
                refused++;
                Assert.That(Value("to"u8), Is.EqualTo("old"), $"seed {seed}, round {round}");
            }
            catch (Exception error) when (error is not AssertionException)
            {
                throw new AssertionException($"seed {seed}, round {round}: {Convert.ToHexString(body)}", error);
            }
        }

        Assert.That(Database.Count, Is.EqualTo(4), $"seed {seed}");
        Assert.That(Math.Min(restored, refused), Is.GreaterThan(1000), $"seed {seed}");
        _keyspace.FinishMaintenance();
        _keyspace.Validate();
    }

    // What has been let in can be read again, to its end.
    private void Dumped(ReadOnlySpan<byte> key)
    {
        var digest = default(ValueDigest);
        Assert.That(ValueDigests.TryMix(Database.PeekStored(key).View, ref digest), Is.True);
        Payload(key);
    }

    [Test]
    public void A_key_can_be_made_as_old_or_as_often_used_as_it_was_elsewhere()
    {
        Database.SetString("k"u8, "v"u8);
        var entry = Database.LookupWrite("k"u8);

        entry.SetIdle(1000);
        Assert.That(Database.Peek("k"u8).IdleMs, Is.InRange(1_000_000, 1_100_000));
        entry.SetUnused();
        Assert.That(Database.Peek("k"u8).IdleMs, Is.LessThan(100_000));

        _keyspace.AccessPolicy = AccessPolicy.Lfu;
        entry.SetFrequency(200);
        Assert.That(Database.Peek("k"u8).Frequency, Is.InRange(190, 200));
        entry.SetIdle(1000);
        Assert.That(Database.Peek("k"u8).Frequency, Is.LessThan(10));
        _keyspace.AccessPolicy = AccessPolicy.Lru;
    }

    private static byte[] Damaged(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var count = 1 + random.Next(3); count > 0 && bytes.Count > 0; count--)
        {
            var at = random.Next(Math.Min(bytes.Count, 1 + random.Next(40)));
            switch (random.Next(4))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Signed(byte[] body, int version)
    {
        byte[] head = [.. body, (byte)version, (byte)(version >> 8)];
        return [.. head, .. BitConverter.GetBytes(Crc64.Append(0, head))];
    }

    private byte[] Payload(ReadOnlySpan<byte> key)
    {
        Assert.That(_dumps.TryWrite(Database.Peek(key), RdbCompression.Lzf, out var payload), Is.True);
        return payload.ToArray();
    }

    private void Restore(byte[] payload, PayloadCheck check = PayloadCheck.Deep)
    {
        var entry = Database.LookupWrite("to"u8);
        DumpPayload.Restore(payload, ref entry, Expiry.None, new RdbLoading(Database, check));
    }

    private string Value(ReadOnlySpan<byte> key) => ByteText.Text(Database.Peek(key).GetString(new byte[20]));
}
