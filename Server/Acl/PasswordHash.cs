using System.Buffers;
using System.Security.Cryptography;

namespace KestrelFree.Server.Acl;

/// <summary>The SHA-256 of a password: what is kept instead of it, and what files and ACL LIST show.</summary>
internal sealed class PasswordHash
{
    private const int HexDigits = SHA256.HashSizeInBytes * 2;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdef"u8);

    private readonly byte[] _hash;

    private PasswordHash(byte[] hash) => _hash = hash;

    /// <summary>The hash in lower-case hexadecimal digits.</summary>
    internal string Hex => Convert.ToHexStringLower(_hash);

    /// <summary>Hashes a password. O(length).</summary>
    internal static PasswordHash Of(ReadOnlySpan<byte> password) => new(SHA256.HashData(password));

    /// <summary>Reads a hash; only 64 lower-case hexadecimal digits are one.</summary>
    internal static PasswordHash? Parse(ReadOnlySpan<byte> hex)
    {
        if (hex.Length != HexDigits || hex.ContainsAnyExcept(Digits)) return null;
        var hash = new byte[SHA256.HashSizeInBytes];
        Convert.FromHexString(hex, hash, out _, out _);
        return new PasswordHash(hash);
    }

    /// <summary>Whether both are of the same password, in a time that does not tell how much of them is alike.</summary>
    internal bool Matches(PasswordHash other) => CryptographicOperations.FixedTimeEquals(_hash, other._hash);
}
