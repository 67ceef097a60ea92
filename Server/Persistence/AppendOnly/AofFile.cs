using System.Runtime.InteropServices;
using KestrelFree.Server.Config;
using Microsoft.Win32.SafeHandles;

namespace KestrelFree.Server.Persistence;

/// <summary>A file that grows at its end. One thread appends; another may sync meanwhile.</summary>
internal class AofFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly SafeFileHandle _handle;

    /// <summary>Opens a file, to go on at its end, or to begin anew. Throws IOException or UnauthorizedAccessException.</summary>
    internal AofFile(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = AtomicFile.Mode;
        _stream = new FileStream(path, options);
        _handle = _stream.SafeFileHandle;
        FilePath = path;
        Length = RandomAccess.GetLength(_handle);
    }

    /// <summary>Where it was opened.</summary>
    internal string FilePath { get; private set; }

    /// <summary>The bytes that have been appended whole.</summary>
    internal long Length { get; private set; }

    /// <summary>Appends bytes. Throws IOException, and what was appended of them is taken back then, or overwritten by the next.</summary>
    internal virtual void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, Length);
        }
        catch (IOException)
        {
            CutBack();
            throw;
        }

        Length += bytes.Length;
    }

    /// <summary>Returns when what was appended before the call survives a power loss. Throws IOException. Any thread.</summary>
    internal virtual void Sync()
    {
        if (!OperatingSystem.IsLinux()) RandomAccess.FlushToDisk(_handle);
        else if (SyncData(_handle) != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage(), Marshal.GetLastPInvokeError());
    }

    /// <summary>Gives the file another name. Throws IOException.</summary>
    internal void Rename(string path)
    {
        File.Move(FilePath, path, overwrite: true);
        FilePath = path;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void CutBack()
    {
        try
        {
            RandomAccess.SetLength(_handle, Length);
        }
        catch (IOException)
        {
            // The next append begins at the same place; a crash before leaves a torn tail, which loading knows how to cut.
        }
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static extern int SyncData(SafeFileHandle file);
}
