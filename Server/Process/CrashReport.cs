using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

// What a maintainer needs to find a defect he cannot reproduce, written to the log before the process ends: what happened and where, which
// server and for how long, what it was doing for whom, INFO, and the state of memory.
//
// A report is written while the server is broken, so each section stands by itself: one that fails is replaced by its own failure and the
// rest is written. Only the first of several simultaneous crashes is reported. The text goes out as one log entry, between a first and a
// last line that tools which collect Redis's reports look for. It holds no keys, values or passwords: the current command is
// handed over redacted, and INFO has none.
//
// An exception on another thread ends here through the runtime's last-chance event; one on the loop thread, and a broken invariant, which is an
// exception too, through whoever runs the loop. SIGABRT, which systemd's watchdog sends to a server that hangs, comes from outside: the runtime
// would survive the first one. What the loop was doing then only the sections on commands tell, since no thread can see another's stack.
//
// With crash-log-enabled no there is no report, but the same end.

/// <summary>Logs a report about a fatal error and ends the process with exit code 1.</summary>
internal sealed class CrashReport : IDisposable
{
    private const string FirstLine = "=== REDIS BUG REPORT START: Cut & paste starting from here ===";
    private const string LastLine = "=== REDIS BUG REPORT END. Make sure to include from START to END. ===";
    private const int SigAbrt = 6;
    private const int SigSegv = 11;
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(5);

    private readonly ServerLog _log;
    private readonly string _version;
    private readonly string? _configPath;
    private readonly Func<string>? _serverInfo;
    private readonly Func<string?>? _currentCommand;
    private readonly Func<string>? _lastCommands;
    private readonly Func<bool> _isEnabled;
    private readonly Action<int> _exit;
    private readonly long _startedMs = Environment.TickCount64;
    private PosixSignalRegistration? _abort;
    private int _reported;

    /// <summary>
    /// The callbacks may be called on any thread, while the server is in any state; those that tell of commands must not tell arguments.
    /// </summary>
    internal CrashReport(
        ServerLog log,
        string version,
        string? configPath,
        Func<string>? serverInfo = null,
        Func<string?>? currentCommand = null,
        Action<int>? exit = null,
        Func<string>? lastCommands = null,
        Func<bool>? isEnabled = null)
    {
        _lastCommands = lastCommands;
        _log = log;
        _version = version;
        _configPath = configPath;
        _serverInfo = serverInfo;
        _currentCommand = currentCommand;
        _isEnabled = isEnabled ?? (() => true);
        _exit = exit ?? Environment.Exit;
    }

    /// <summary>Reports exceptions that nobody catches, on any thread, and SIGABRT.</summary>
    internal void Install()
    {
        AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
            WriteAndExit(thrown.ExceptionObject as Exception ?? new InvalidOperationException($"Thrown: {thrown.ExceptionObject}"));
        if (OperatingSystem.IsWindows()) return;
        _abort = PosixSignalRegistration.Create((PosixSignal)SigAbrt, context =>
        {
            context.Cancel = true;
            WriteAndExit(new FatalSignalException(SigAbrt));
        });
    }

    /// <summary>Leaves SIGABRT to the runtime again.</summary>
    public void Dispose() => _abort?.Dispose();

    /// <summary>Writes the report, waits within a bound until it is out, and ends the process. A second call, on whatever thread, does nothing.</summary>
    internal void WriteAndExit(Exception cause)
    {
        if (Interlocked.Exchange(ref _reported, 1) != 0) return;

        if (_isEnabled()) _log.Raw(Format(cause));
        _log.Flush(FlushPatience);
        _exit(1);
    }

    /// <summary>The text of a report.</summary>
    internal string Format(Exception cause)
    {
        var text = new StringBuilder();
        text.Append("\n\n").AppendLine(FirstLine);
        text.AppendLine(CultureInfo.InvariantCulture, $"kestrel-free {_version} {Describe(cause)}");
        Section(text, "STACK TRACE", () => $"Thread: {Thread.CurrentThread.Name ?? Environment.CurrentManagedThreadId.ToString(CultureInfo.InvariantCulture)}\n{cause}");
        Section(text, "SERVER", DescribeServer);
        Section(text, "CURRENT COMMAND", () => _currentCommand?.Invoke() ?? "none");
        Section(text, "LAST COMMANDS", () => _lastCommands?.Invoke() ?? "none");
        Section(text, "INFO OUTPUT", () => _serverInfo?.Invoke() ?? "none");
        Section(text, "MEMORY", DescribeMemory);
        text.Append('\n').AppendLine(LastLine);
        text.AppendLine("Please report this with the lines above, and what the clients were doing, to the maintainers of kestrel-free.");
        return text.ToString().ReplaceLineEndings("\n");
    }

    // The runtime makes exceptions of the processor's complaints about an address.
    private static string Describe(Exception cause) => cause switch
    {
        FatalSignalException => cause.Message,
        NullReferenceException or AccessViolationException => $"crashed by signal: {SigSegv}, as {cause.GetType().FullName}: {cause.Message}",
        _ => $"ended because of {cause.GetType().FullName}: {cause.Message}",
    };

    private static void Section(StringBuilder text, string name, Func<string> content)
    {
        text.Append('\n').Append("------ ").Append(name).AppendLine(" ------");
        try
        {
            text.AppendLine(content().TrimEnd());
        }
        catch (Exception e)
        {
            // Whatever is broken may be what this section reads.
            text.AppendLine(CultureInfo.InvariantCulture, $"not available: {e.GetType().Name}: {e.Message}");
        }
    }

    private static string DescribeMemory()
    {
        var memory = GC.GetGCMemoryInfo();
        return string.Create(CultureInfo.InvariantCulture, $"""
            resident: {Environment.WorkingSet}
            gc heap: {memory.HeapSizeBytes} of which fragmented {memory.FragmentedBytes} and pinned objects {memory.PinnedObjectsCount}
            gc committed: {memory.TotalCommittedBytes}
            available to the process: {memory.TotalAvailableMemoryBytes}
            collections: {GC.CollectionCount(0)} {GC.CollectionCount(1)} {GC.CollectionCount(2)} pausing {GC.GetTotalPauseDuration().TotalMilliseconds:0} ms in all
            """);
    }

    private string DescribeServer() => string.Create(CultureInfo.InvariantCulture, $"""
        version: {_version} (compatible with Redis {ServerVersion.Redis})
        pid: {Environment.ProcessId}
        uptime: {(Environment.TickCount64 - _startedMs) / 1000} s
        config file: {_configPath ?? "none"}
        system: {RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors
        runtime: {RuntimeInformation.FrameworkDescription}
        """);

    private sealed class FatalSignalException(int signal) : Exception($"crashed by signal: {signal}");
}
