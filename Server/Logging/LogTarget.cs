namespace KestrelFree.Server.Logging;

/// <summary>Where finished lines go; used by one thread at a time.</summary>
internal abstract class LogTarget : IDisposable
{
    /// <summary>Writes one or more whole lines. Throws IOException and its like.</summary>
    public abstract void Write(ReadOnlySpan<byte> lines);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The process's standard output.</summary>
internal sealed class StdoutTarget : LogTarget
{
    private readonly Stream _stdout = Console.OpenStandardOutput();

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> lines) => _stdout.Write(lines);

    /// <inheritdoc/>
    public override void Dispose() => _stdout.Dispose();
}

// A log file is rotated by renaming it, and the server is not told. Redis opens the file anew for every line; here a handle is kept for a
// quarter of a second, so that a burst costs one open and yet a rotated file is left well within a second. A handle is renewed before a
// write only: an idle server holds its old handle, harmlessly, and its next line goes to the new file.

/// <summary>A file that may be renamed or deleted at any time.</summary>
internal sealed class FileTarget(string path, Func<long> nowMs) : LogTarget
{
    /// <summary>How long a handle is kept.</summary>
    internal const long ReopenAfterMs = 250;

    private FileStream? _file;
    private long _openedAtMs;

    internal FileTarget(string path)
        : this(path, static () => Environment.TickCount64)
    {
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> lines)
    {
        var now = nowMs();
        if (_file is null || now - _openedAtMs >= ReopenAfterMs)
        {
            Close();
            _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            _openedAtMs = now;
        }

        _file.Write(lines);
    }

    /// <inheritdoc/>
    public override void Dispose() => Close();

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
