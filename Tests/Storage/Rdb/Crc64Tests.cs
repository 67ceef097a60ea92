using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Rdb;

internal sealed class Crc64Tests
{
    [Test]
    public void The_check_value_is_joness()
    {
        Assert.That(Crc64.Append(0, "123456789"u8), Is.EqualTo(0xe9c6d914c4b8d9caUL));
    }

    [Test]
    public void Nothing_leaves_the_checksum_as_it_is()
    {
        Assert.That(Crc64.Append(42, []), Is.EqualTo(42));
    }

    [Test]
    public void Pieces_give_what_the_whole_gives()
    {
        var bytes = new byte[300];
        new Random(1).NextBytes(bytes);
        var whole = Crc64.Append(0, bytes);

        for (var at = 0; at <= bytes.Length; at++)
            Assert.That(Crc64.Append(Crc64.Append(0, bytes.AsSpan(0, at)), bytes.AsSpan(at)), Is.EqualTo(whole), $"split at {at}");
    }
}
