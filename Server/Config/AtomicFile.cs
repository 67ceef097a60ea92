using System.Runtime.InteropServices;

namespace KestrelFree.Server.Config;

// A reader, or a crash at any moment, finds either the whole old file or the whole new one: the content goes to a file beside it, is synced to
// disk, and takes the old file's name in one step; then the directory is synced, for the name to survive a power loss too.

/// <summary>Replaces a file's content in one step.</summary>
internal static class AtomicFile
{
    /// <summary>The permissions of what is written.</summary>
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the content under the path. Throws IOException or UnauthorizedAccessException, and leaves the old file then.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            WriteSynced(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    private static void WriteSynced(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Mode;
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Makes the names in a directory survive a power loss; where that cannot be, nothing happens.</summary>
    public static void SyncDirectory(string directory)
    {
        const int ReadOnlyCloseOnExec = 0x80000;
        if (!OperatingSystem.IsLinux()) return;
        var fd = Open(directory, ReadOnlyCloseOnExec);
        if (fd < 0) return;
        _ = Fsync(fd);
        _ = Close(fd);
    }

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Fsync(int fd);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int fd);
}
