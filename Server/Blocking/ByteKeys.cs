using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Server.Blocking;

/// <summary>
/// Compares byte strings by content, so that a dictionary of them can be asked with a span. The hash is the keyspace's, under a key of its own:
/// names of channels and the like are chosen by clients too.
/// </summary>
internal sealed class ByteKeys : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    /// <summary>The one instance.</summary>
    internal static readonly ByteKeys Comparer = new();

    private readonly SipHash _hash = SipHash.UnderRandomKey();

    /// <inheritdoc/>
    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    /// <inheritdoc/>
    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    /// <inheritdoc/>
    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate) => _hash.Hash(alternate).GetHashCode();
}
