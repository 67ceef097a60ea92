using System.Threading.Tasks.Sources;
using KestrelFree.Storage;

namespace KestrelFree.Server.Tls;

// The two directions of encrypted bytes under an SslStream, in memory: it reads what Supply gave and writes to the loop's shared output.
//
// A read that finds nothing does one of two things. During the handshake it waits, and the next Supply completes it: SslStream's code continues
// inside of Supply, on the loop's thread, because the continuation is neither posted to a context nor to the thread pool. Afterwards it fails at
// once with Starved. SslStream leaves its state as it was and tells the caller, who so learns that a record held no data (a change of keys);
// there is never a read under way that could complete at another time or write into a buffer that has got another owner meanwhile.
//
// Everything that SslStream does with a connection passes here, so here it is asserted that the loop's thread does it.

/// <summary>The in-memory wire of one encrypted connection.</summary>
internal sealed class CipherStream(TlsBuffers buffers) : Stream, IValueTaskSource<int>
{
    private readonly int _owner = Environment.CurrentManagedThreadId;
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _destination;
    private ReadOnlyMemory<byte> _input;
    private bool _isReadWaiting;

    /// <summary>What a read fails with that finds nothing and may not wait.</summary>
    internal static IOException Starved { get; } = new("No whole record is here.");

    /// <summary>Whether a read that finds nothing waits: true until the handshake is done.</summary>
    internal bool Waits { get; set; } = true;

    /// <summary>Whether bytes are left of what was supplied.</summary>
    internal bool HasInput => !_input.IsEmpty;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Hands over received records, which must stay in place while <see cref="HasInput"/>. A waiting reader continues within the call.
    /// </summary>
    internal void Supply(ReadOnlyMemory<byte> records)
    {
        AssertOwner();
        _input = records;
        if (!_isReadWaiting) return;
        _isReadWaiting = false;
        var taken = Take(_destination.Span);
        _destination = default;
        _read.SetResult(taken);
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        AssertOwner();
        if (HasInput) return new ValueTask<int>(Take(buffer.Span));
        if (!Waits) return ValueTask.FromException<int>(Starved);
        _read.Reset();
        _destination = buffer;
        _isReadWaiting = true;
        return new ValueTask<int>(this, _read.Version);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        AssertOwner();
        buffers.Append(buffer);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => HasInput ? Take(buffer.AsSpan(offset, count)) : throw Starved;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private void AssertOwner() => Invariant.Check(Environment.CurrentManagedThreadId == _owner, "another thread works on a connection");

    private int Take(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _input.Length);
        _input.Span[..count].CopyTo(destination);
        _input = _input[count..];
        return count;
    }
}
