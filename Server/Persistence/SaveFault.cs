using KestrelFree.Server.Config;

namespace KestrelFree.Server.Persistence;

/// <summary>Why something could not be saved, for the log and for whoever asks.</summary>
/// <param name="Operation">What was attempted, in Redis's words.</param>
/// <param name="Path">The file.</param>
/// <param name="Reason">The system's words.</param>
/// <param name="Errno">The system's number; 0 if it is not known.</param>
internal sealed record SaveFault(string Operation, string Path, string Reason, int Errno)
{
    /// <summary>What a failed file operation tells; with the free space where that has run out.</summary>
    internal static SaveFault Of(string operation, string path, Exception exception)
    {
        var errno = SystemErrorText.ErrnoOf(exception);
        var reason = SystemErrorText.Of(exception);
        return new SaveFault(operation, path, errno == SystemErrorText.NoSpace ? $"{reason}, {FreeBytes(path)} bytes are free" : reason, errno);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Operation} {Path}: {Reason} (errno {Errno})";

    private static string FreeBytes(string path)
    {
        try
        {
            return $"{new DriveInfo(System.IO.Path.GetDirectoryName(path)!).AvailableFreeSpace}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "unknown";
        }
    }
}
