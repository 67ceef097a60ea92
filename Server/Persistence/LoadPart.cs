namespace KestrelFree.Server.Persistence;

/// <summary>A file that the data set is loaded from, a slice at a time.</summary>
internal abstract class LoadPart : IDisposable
{
    /// <summary>The file.</summary>
    internal abstract string FilePath { get; }

    /// <summary>The bytes of the file.</summary>
    internal abstract long TotalBytes { get; }

    /// <summary>The bytes that have been read.</summary>
    internal abstract long LoadedBytes { get; }

    /// <summary>The keys that have been stored.</summary>
    internal virtual long KeysLoaded => 0;

    /// <summary>The memory that the data took where it was saved, in bytes; 0 if that is unknown.</summary>
    internal virtual long UsedMemory => 0;

    /// <summary>Opens the file and reads its beginning. Throws what <see cref="ReadSlice"/> does.</summary>
    internal abstract void Open();

    /// <summary>
    /// Reads for a time or so many bytes, whichever is over first; true at the end of the file. Throws IOException, UnauthorizedAccessException, and
    /// <see cref="LoadException"/> for what cannot be loaded.
    /// </summary>
    internal abstract bool ReadSlice(long budgetMicros, long mostBytes);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The server ends while a value is being loaded.</summary>
internal sealed class LoadAbandonedException() : Exception("The server ends before the data set is loaded.");

/// <summary>A file that cannot be loaded; the message says what is wrong where.</summary>
internal sealed class LoadException(string message, Exception? inner = null) : Exception(message, inner);
