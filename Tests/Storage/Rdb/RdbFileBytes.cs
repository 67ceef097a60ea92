using System.Text;
using KestrelFree.Storage;

namespace KestrelFree.Tests.Storage.Rdb;

/// <summary>Writes RDB files byte by byte, of any version, without the product's writer.</summary>
internal static class RdbFileBytes
{
    private const int FirstVersionWithChecksum = 5;

    /// <summary>A file of a version of Redis's: what stands between the header and the end.</summary>
    public static byte[] Of(int version, params IEnumerable<byte[]> contents) => Of($"REDIS{version:0000}", version, contents);

    /// <summary>A file with any magic of nine bytes.</summary>
    public static byte[] Of(string magic, int version, IEnumerable<byte[]> contents)
    {
        byte[] file = [.. Encoding.ASCII.GetBytes(magic), .. contents.SelectMany(static part => part), (byte)RdbOpcode.End];
        return version < FirstVersionWithChecksum ? file : [.. file, .. BitConverter.GetBytes(Crc64.Append(0, file))];
    }

    /// <summary>A key and its value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="body">Its type and value, as in a payload.</param>
    public static byte[] Entry(string key, byte[] body) => [body[0], .. OlderEncodings.Prefixed(Encoding.Latin1.GetBytes(key)), .. body[1..]];

    /// <summary>The choice of a database.</summary>
    public static byte[] Select(byte database) => [(byte)RdbOpcode.SelectDatabase, database];

    /// <summary>A name and a value about the file.</summary>
    public static byte[] Aux(string name, string value) =>
        [(byte)RdbOpcode.Aux, .. OlderEncodings.Prefixed(Encoding.Latin1.GetBytes(name)), .. OlderEncodings.Prefixed(Encoding.Latin1.GetBytes(value))];

    /// <summary>When the next key expires, in the unit of versions up to 2.</summary>
    public static byte[] ExpiresAtSeconds(int seconds) => [(byte)RdbOpcode.ExpireTime, .. BitConverter.GetBytes(seconds)];

    /// <summary>When the next key expires.</summary>
    public static byte[] ExpiresAtMs(long ms) => [(byte)RdbOpcode.ExpireTimeMs, .. BitConverter.GetBytes(ms)];
}
