using System.Globalization;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

/// <summary>
/// Linux's preference for killing this process when memory runs out, as oom-score-adj sets it. The value that was found first is the
/// base of relative values, and what is restored when the directive is turned off.
/// </summary>
internal sealed class OomScore
{
    private const string LinuxPath = "/proc/self/oom_score_adj";
    private const int Lowest = -1000;
    private const int Highest = 1000;

    private readonly ServerLog _log;
    private readonly string _path;
    private int? _original;

    /// <summary>The score of this process.</summary>
    internal OomScore(ServerLog log)
        : this(log, LinuxPath)
    {
    }

    /// <summary>A score kept in a given file, for tests.</summary>
    internal OomScore(ServerLog log, string path)
    {
        _log = log;
        _path = path;
    }

    /// <summary>Sets what the directives ask for; false, after logging, when the system refuses. Nothing to do except on Linux.</summary>
    internal bool Apply(OomScoreAdj mode, int value)
    {
        if (!OperatingSystem.IsLinux() || (mode == OomScoreAdj.No && _original is null)) return true;

        if (_original is null && !TryReadOriginal()) return false;

        var original = _original!.Value;
        if (mode == OomScoreAdj.No)
        {
            _original = null;
            return TryWrite(original);
        }

        var score = mode == OomScoreAdj.Relative ? original + value : value;
        return TryWrite(Math.Clamp(score, Lowest, Highest));
    }

    private bool TryReadOriginal()
    {
        try
        {
            _original = int.Parse(File.ReadAllText(_path).Trim(), CultureInfo.InvariantCulture);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            _log.Warning($"Unable to read oom_score_adj: {SystemErrorText.Of(e)}");
            return false;
        }
    }

    private bool TryWrite(int score)
    {
        try
        {
            // Opened without truncation: the file of procfs takes one write.
            using var file = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(score.ToString(CultureInfo.InvariantCulture) + "\n"));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Warning($"Unable to write oom_score_adj: {SystemErrorText.Of(e)}");
            return false;
        }
    }
}
