using KestrelFree.Storage;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

// Payloads for RESTORE, sound and unsound. The checksum of most unsound ones is right, so that the fault behind it is found.
//
// Redis reads a value that is too long for its payload on into the footer. Here lengths lie by more than that.

/// <summary>What RESTORE may be given: one byte per char.</summary>
internal static class DumpPayloads
{
    private const int FooterBytes = 10;

    /// <summary>The payloads.</summary>
    public static readonly string[] All =
    [
        // Strings in each form.
        Signed("\0\x05hello"), Signed("\0\0"), Signed("\0\xc0\x2a"), Signed("\0\xc1\0\x80"), Signed("\0\xc2\xff\xff\xff\x7f"), Signed("\0\x02" + "12"), Signed("\0\x13" + "9223372036854775807"),
        Signed("\0\x40\x64" + new string('y', 100)), Signed("\0\x80\0\0\0\x03" + "abc"), Signed("\0\x81\0\0\0\0\0\0\0\x03" + "abc"), Signed("\0\xc3\x05\x15\0a\xe0\x0b\0"),

        // Older versions, and newer ones than any.
        Signed("\0\x03old", 1), Signed("\0\x03old", 9), Signed("\0\x03new", 10), Signed("\0\x03new", 65535), Signed("\0\x03new", 256),

        // Something behind the value is not looked at.
        Signed("\0\x01xtrailing"),

        // No payload, and damaged ones.
        "", "x", "123456789", "0123456789", Signed("\0\x05hello")[..^1], Signed("\0\x05hello") + "x", "\0\x05hello\n\0\0\0\0\0\0\0\0\0",

        // Values that cannot be.
        Signed(""), Signed("\x08"), Signed("\x63"), Signed("\xff"), Signed("\0"), Signed("\0\x3f" + "abc"), Signed("\0\xc4abc"), Signed("\0\x82xyz"), Signed("\0\xc3\x05\x16\0a\xe0\x0b\0"), Signed("\0\xc3\x05\x15\0a\xe0\x0b\x01"),
    ];

    /// <summary>A body with a version and the checksum that makes it a payload.</summary>
    public static string Signed(string body, int version = RdbFormat.Version)
    {
        var head = ByteText.Bytes(body + (char)(version & 0xff) + (char)(version >> 8));
        return ByteText.Text([.. head, .. BitConverter.GetBytes(Crc64.Append(0, head))]);
    }

    /// <summary>A reply that is a payload: the version, the type and what the value digests to; of a string the string.</summary>
    public static string Decoded(string reply)
    {
        var payload = reply.StartsWith('$') && reply.Length > 1 && reply[1] == '"' ? ByteText.Unquote(reply[1..]) : [];
        if (payload.Length <= FooterBytes || !DumpPayload.IsIntact(payload)) return reply;

        if (payload[0] != (byte)RdbType.String)
            return $"a dump of version {payload[^FooterBytes]}: {Digested(payload)}";
        var value = new RdbReader(payload.AsSpan(1, payload.Length - 1 - FooterBytes), "DUMP's reply").ReadString("string");
        return $"a dump of version {payload[^FooterBytes]}: {ByteText.Quote(value)}";
    }

    // Tables are written in the order of a seeded hash, and small sets and lists in the packed forms of newer versions or not.
    private static string Digested(byte[] payload)
    {
        var keyspace = new Keyspace(new KeyspaceOptions { Databases = 1 });
        var entry = keyspace[0].LookupWrite("k"u8);
        DumpPayload.Restore(payload, ref entry, Expiry.None, new RdbLoading(keyspace[0], PayloadCheck.Deep));
        var digest = default(ValueDigest);
        return ValueDigests.TryMix(keyspace[0].PeekStored("k"u8).View, ref digest) ? $"{entry.Type} {Convert.ToHexStringLower(digest.Bytes)}" : $"{entry.Type}";
    }
}
