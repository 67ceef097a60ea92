using KestrelFree.Server.Config;

namespace KestrelFree.Server.Tls;

/// <summary>What the file system tells of the files that a context is made of: when they differ, a file has changed.</summary>
internal readonly record struct TlsFiles(FileStamp Certificate, FileStamp Key, FileStamp Authorities, FileStamp AuthoritiesFolder)
{
    /// <summary>Looks at the files now; four system calls at most.</summary>
    internal static TlsFiles Of(ServerConfig config) => new(
        FileStamp.Of(config.TlsCertFile), FileStamp.Of(config.TlsKeyFile), FileStamp.Of(config.TlsCaCertFile), FileStamp.Of(config.TlsCaCertDir));
}

/// <summary>The length of a file and when it was written; zeros when there is none.</summary>
internal readonly record struct FileStamp(long Length, long WrittenTicks)
{
    internal static FileStamp Of(string path)
    {
        if (path.Length == 0) return default;
        var file = new FileInfo(path);
        if (file.Exists) return new FileStamp(file.Length, file.LastWriteTimeUtc.Ticks);
        return Directory.Exists(path) ? new FileStamp(0, Directory.GetLastWriteTimeUtc(path).Ticks) : default;
    }
}
