namespace KestrelFree.Server.Tls;

/// <summary>
/// The arrays that all encrypted connections of a loop work in, one after the other; between two calls of a channel nothing is left in them.
/// </summary>
internal sealed class TlsBuffers
{
    /// <summary>The most that is encrypted in one go, in bytes.</summary>
    internal const int PlainBytes = 64 * 1024;

    private const int RecordOverheadBytes = 128;

    private byte[] _output = GC.AllocateUninitializedArray<byte>(PlainBytes + (8 * RecordOverheadBytes), pinned: true);
    private int _outputLength;

    /// <summary>Where encrypted bytes are received, behind those that a channel has held back.</summary>
    internal byte[] Input { get; } = GC.AllocateUninitializedArray<byte>(256 * 1024, pinned: true);

    /// <summary>Where replies are gathered before they are encrypted.</summary>
    internal byte[] Plain { get; } = GC.AllocateUninitializedArray<byte>(PlainBytes, pinned: true);

    /// <summary>What SslStream has written since the last <see cref="ClearOutput"/>.</summary>
    internal ReadOnlySpan<byte> Output => _output.AsSpan(0, _outputLength);

    /// <summary>Adds encrypted bytes; amortised O(their number).</summary>
    internal void Append(ReadOnlySpan<byte> encrypted)
    {
        if (_output.Length - _outputLength < encrypted.Length)
        {
            var grown = GC.AllocateUninitializedArray<byte>(Math.Max(2 * _output.Length, _outputLength + encrypted.Length), pinned: true);
            Output.CopyTo(grown);
            _output = grown;
        }

        encrypted.CopyTo(_output.AsSpan(_outputLength));
        _outputLength += encrypted.Length;
    }

    /// <summary>Drops what was written.</summary>
    internal void ClearOutput() => _outputLength = 0;
}
