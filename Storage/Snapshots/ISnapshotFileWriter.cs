namespace KestrelFree.Storage;

/// <summary>Writes a snapshot to a file, in some format.</summary>
public interface ISnapshotFileWriter
{
    /// <summary>Bytes that have gone to the file so far; any thread may ask.</summary>
    long BytesWritten { get; }

    /// <summary>
    /// Writes all of a snapshot, unless told to stop. O(bytes). Throws what the stream throws, and NotSupportedException for a type that the
    /// format does not have.
    /// </summary>
    /// <param name="snapshot">What to write.</param>
    /// <param name="advance">Is called after each key, and says whether to go on.</param>
    /// <returns>Whether it is whole.</returns>
    bool Write(Snapshot snapshot, Func<bool>? advance = null);
}
