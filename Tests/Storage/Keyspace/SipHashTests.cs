using KestrelFree.Storage.Keyspaces;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>SipHash-1-3 is what its definition says, at every length.</summary>
public sealed class SipHashTests
{
    [Test]
    public void Every_length_hashes_as_the_definition_does([Range(0, 70)] int length)
    {
        var random = new Random(length);
        var data = new byte[length];
        random.NextBytes(data);
        ulong key0 = (ulong)random.NextInt64(), key1 = (ulong)random.NextInt64();

        Assert.That(new SipHash(key0, key1).Hash(data), Is.EqualTo(Definition(key0, key1, data, 1, 3)));
    }

    // The vector of the paper is for SipHash-2-4: it proves the definition below, which is then run with 1 and 3 rounds.
    [Test]
    public void The_definition_gives_the_papers_vector() =>
        Assert.That(
            Definition(0x0706050403020100, 0x0f0e0d0c0b0a0908, [.. Enumerable.Range(0, 15).Select(i => (byte)i)], 2, 4),
            Is.EqualTo(0xa129ca6149be45e5));

    private static ulong Definition(ulong key0, ulong key1, byte[] data, int perWord, int atEnd)
    {
        ulong[] v = [key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d, key0 ^ 0x6c7967656e657261, key1 ^ 0x7465646279746573];
        byte[] padded = [.. data, .. new byte[7 - data.Length % 8], (byte)data.Length];
        for (var i = 0; i < padded.Length; i += 8)
        {
            var word = BitConverter.ToUInt64(padded, i);
            v[3] ^= word;
            Rounds(v, perWord);
            v[0] ^= word;
        }

        v[2] ^= 0xff;
        Rounds(v, atEnd);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    private static void Rounds(ulong[] v, int count)
    {
        for (var i = 0; i < count; i++)
        {
            v[0] += v[1];
            v[1] = ulong.RotateLeft(v[1], 13) ^ v[0];
            v[0] = ulong.RotateLeft(v[0], 32);
            v[2] += v[3];
            v[3] = ulong.RotateLeft(v[3], 16) ^ v[2];
            v[0] += v[3];
            v[3] = ulong.RotateLeft(v[3], 21) ^ v[0];
            v[2] += v[1];
            v[1] = ulong.RotateLeft(v[1], 17) ^ v[2];
            v[2] = ulong.RotateLeft(v[2], 32);
        }
    }
}
