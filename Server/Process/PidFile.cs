using System.Globalization;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

/// <summary>The file that tells supervisors this process's id, for as long as the process runs.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string _path;
    private readonly string _content;

    private PidFile(string path, string content)
    {
        _path = path;
        _content = content;
    }

    /// <summary>Writes the file; a failure is logged and answers null, since a server without it still serves.</summary>
    internal static PidFile? Create(string path, ServerLog log)
    {
        var content = Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n";
        try
        {
            // An absolute path, because CONFIG SET dir changes the current folder.
            var absolute = Path.GetFullPath(path);
            File.WriteAllText(absolute, content);
            return new PidFile(absolute, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Failed to write PID file: {SystemErrorText.Of(e)}");
            return null;
        }
    }

    /// <summary>Removes the file unless another process has written its own id into it meanwhile.</summary>
    public void Dispose()
    {
        try
        {
            if (File.ReadAllText(_path) == _content) File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Already gone, or no longer ours to remove: either way nothing is left to do at exit.
        }
    }
}
