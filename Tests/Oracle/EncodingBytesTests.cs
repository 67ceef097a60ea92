using System.Globalization;
using KestrelFree.Storage.Encodings;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// DUMP shows how redis-server keeps a small collection: the payload is a type, the packed bytes behind their length, and ten bytes of version and
// checksum. The same edits are made here; after each step both must have the same bytes. The argument is the seed.

/// <summary>Listpacks and intsets are byte for byte the oracle's after the same edits.</summary>
internal sealed class EncodingBytesTests
{
    private const int ListType = 18;
    private const int HashType = 16;
    private const int SortedSetType = 17;
    private const int IntSetType = 11;
    private const int PackedNode = 2;
    private const int TrailerBytes = 10;

    private ServerProcess _redis = null!;
    private RawConnection _client = null!;

    [OneTimeSetUp]
    public void StartServer()
    {
        _redis = RedisProcess.Start("--rdbcompression", "no", "--list-max-listpack-size", "4000");
        _client = _redis.Connect();
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _client?.Dispose();
        _redis?.Dispose();
    }

    [SetUp]
    public void Clear() => _client.Ask("FLUSHALL");

    [Test]
    public void A_lists_listpack_is_the_oracles([Range(1, 5)] int seed)
    {
        var random = new Random(OracleSettings.SeedOf(seed));
        var target = new PackedBuffer(Listpack.Empty);
        for (var step = 0; step < 300; step++)
        {
            // The node must not be full, or it is split.
            var request = target.Bytes.Length > 7000 ? Trim(target) : EditList(random, ref target);
            Check("list", ListType, target.Bytes, $"seed {seed}, step {step}: {request}");
        }
    }

    [Test]
    public void A_hashs_listpack_is_the_oracles([Range(1, 5)] int seed)
    {
        var random = new Random(OracleSettings.SeedOf(seed));
        var target = new PackedBuffer(Listpack.Empty);
        for (var step = 0; step < 300; step++)
        {
            var field = $"{(random.Next(2) == 0 ? "f" : "")}{random.Next(40)}";
            var value = Value(random, 60);
            var found = Listpack.Find(target.Bytes, ByteText.Bytes(field), skip: 1);
            if (random.Next(3) == 0)
            {
                _client.Ask("HDEL", "hash", field);
                if (found != Listpack.None) ListpackEdits.Delete(ref target, found, 2);
            }
            else
            {
                _client.Ask("HSET", "hash", field, value);
                if (found == Listpack.None)
                    ListpackEdits.Append(ref target, ByteText.Bytes(field), ByteText.Bytes(value));
                else
                    ListpackEdits.Replace(ref target, Listpack.Next(target.Bytes, found), ByteText.Bytes(value));
            }

            Check("hash", HashType, target.Bytes, $"seed {seed}, step {step}");
        }
    }

    [Test]
    public void A_sorted_sets_listpack_is_the_oracles([Range(1, 3)] int seed)
    {
        var random = new Random(OracleSettings.SeedOf(seed));
        var target = new PackedBuffer(Listpack.Empty);
        var scores = new SortedSet<long>();
        for (var step = 0; step < 100; step++)
        {
            var score = random.NextInt64(-(1L << 50), 1L << 50) >> random.Next(50);
            if (!scores.Add(score)) continue;
            var member = Value(random, 60) + "/" + step;
            _client.Ask("ZADD", "zset", score.ToString(CultureInfo.InvariantCulture), member);
            var offset = Listpack.Seek(target.Bytes, 2 * scores.Count(other => other < score));
            ListpackEdits.InsertBefore(ref target, offset == Listpack.None ? Listpack.EndOffset(target.Bytes) : offset, ByteText.Bytes(member), score);
            Check("zset", SortedSetType, target.Bytes, $"seed {seed}, step {step}");
        }
    }

    [Test]
    public void An_intset_is_the_oracles([Range(1, 5)] int seed)
    {
        var random = new Random(OracleSettings.SeedOf(seed));
        var target = new PackedBuffer(IntSet.Empty);
        for (var step = 0; step < 500; step++)
        {
            // Narrow ones first, so that it widens twice on its way.
            var value = random.NextInt64(-100, 100) << (step < 200 ? random.Next(8) : step < 350 ? random.Next(24) : random.Next(56));
            var adds = random.Next(4) > 0;
            var changed = adds ? IntSet.Add(ref target, value) : IntSet.Remove(ref target, value);
            Assert.That(_client.Ask(adds ? "SADD" : "SREM", "set", $"{value}"), Is.EqualTo(changed ? ":1" : ":0"));
            if (IntSet.Count(target.Bytes) == 0) target.Set(IntSet.Empty);
            Check("set", IntSetType, IntSet.Count(target.Bytes) == 0 ? default : target.Bytes, $"seed {seed}, step {step}");
        }
    }

    private string EditList(Random random, ref PackedBuffer target)
    {
        var count = Listpack.Count(target.Bytes);
        var at = random.Next(Math.Max(1, count));
        var offset = Listpack.Seek(target.Bytes, at);
        var value = Value(random, 300);
        var bytes = ByteText.Bytes(value);
        switch (random.Next(count == 0 ? 2 : 6))
        {
            case 0:
                _client.Ask("RPUSH", "list", value);
                ListpackEdits.Append(ref target, bytes);
                return "RPUSH";
            case 1:
                _client.Ask("LPUSH", "list", value);
                ListpackEdits.Prepend(ref target, bytes);
                return "LPUSH";
            case 2:
                _client.Ask("LSET", "list", $"{at}", value);
                ListpackEdits.Replace(ref target, offset, bytes);
                return "LSET";
            case 3:
                var pivot = Text(target, offset);
                _client.Ask("LINSERT", "list", "AFTER", pivot, value);
                ListpackEdits.InsertAfter(ref target, Listpack.Find(target.Bytes, ByteText.Bytes(pivot)), bytes);
                return "LINSERT";
            case 4:
                var removed = Text(target, offset);
                _client.Ask("LREM", "list", "1", removed);
                ListpackEdits.Delete(ref target, Listpack.Find(target.Bytes, ByteText.Bytes(removed)));
                return "LREM";
            default:
                _client.Ask("RPOP", "list");
                ListpackEdits.Delete(ref target, Listpack.Last(target.Bytes));
                return "RPOP";
        }
    }

    private string Trim(PackedBuffer target)
    {
        var count = Listpack.Count(target.Bytes);
        _client.Ask("LTRIM", "list", "5", $"{count / 2}");
        ListpackEdits.DeleteRange(ref target, (count / 2) + 1, count);
        ListpackEdits.DeleteRange(ref target, 0, 5);
        return "LTRIM";
    }

    private void Check(string key, int type, ReadOnlySpan<byte> expected, string what)
    {
        var payload = _client.AskPayload("DUMP", key) is var text && text.StartsWith('$') ? [] : ByteText.Bytes(text);
        if (payload.Length == 0)
        {
            Assert.That(expected.Length, Is.LessThanOrEqualTo(Listpack.EmptyBytes), what);
            return;
        }

        var head = type == ListType ? 3 : 1;
        Assert.That(payload[0], Is.EqualTo(type), $"{what}: the encoding");
        if (type == ListType)
            Assert.That((payload[1], payload[2]), Is.EqualTo((1, PackedNode)), $"{what}: one packed node");
        ReadOnlySpan<byte> packed = payload.AsSpan(head..^TrailerBytes);
        packed = packed[LengthBytes(packed[0])..];
        Assert.That(Convert.ToHexString(packed), Is.EqualTo(Convert.ToHexString(expected)), what);
    }

    private static int LengthBytes(byte first) => (first >> 6) switch
    {
        0 => 1,
        1 => 2,
        _ => 5,
    };

    private static string Text(PackedBuffer listpack, int offset) =>
        ByteText.Text(Listpack.Get(listpack.Bytes, offset).GetText(stackalloc byte[ListpackValue.MaxIntegerText]));

    private static string Value(Random random, int longest) => random.Next(3) switch
    {
        0 => $"{random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)}",
        1 => new string((char)random.Next('a', 'z'), random.Next(1, longest)),
        _ => random.Next(2) == 0 ? $"0{random.Next(100)}" : $"{random.Next(-5000, 5000)}",
    };
}
