using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

// Telling the init system how far the server has come.
//
//   systemd   datagrams of NAME=value lines to the unix socket that $NOTIFY_SOCKET names; a leading @ stands for the zero byte of an abstract
//             name. READY=1 ends the unit's start, STATUS=... is shown by systemctl, STOPPING=1 begins its stop. The protocol is
//             three lines long, so no library is needed.
//   upstart   the process stops itself with SIGSTOP and is continued by upstart: `expect stop`.
//   auto      whichever of $UPSTART_JOB and $NOTIFY_SOCKET is set.
//
// Supervision that was asked for but is not there is logged, and the server runs without it.

/// <summary>The init system that started this process, if any.</summary>
internal sealed partial class Supervisor
{
    private const string UpstartJob = "UPSTART_JOB";
    private const string NotifySocket = "NOTIFY_SOCKET";
    private const int SigStop = 19;
    private const int AppleSigStop = 17;

    private readonly SupervisedMode _mode;
    private readonly string? _notifySocket;
    private readonly ServerLog _log;

    private Supervisor(SupervisedMode mode, string? notifySocket, ServerLog log)
    {
        _mode = mode;
        _notifySocket = notifySocket;
        _log = log;
    }

    /// <summary>True when the process must stay in the foreground whatever daemonize says.</summary>
    internal bool IsSupervised => _mode != SupervisedMode.None;

    /// <summary>INFO's process_supervised.</summary>
    internal string Name => _mode switch
    {
        SupervisedMode.Systemd => "systemd",
        SupervisedMode.Upstart => "upstart",
        _ => "no",
    };

    /// <summary>Finds the supervisor that the directive asks for and reports to it that the server is starting.</summary>
    internal static Supervisor Detect(SupervisedMode mode, ServerLog log) =>
        Detect(mode, log, Environment.GetEnvironmentVariable, StopOurselves);

    /// <summary>The same with the environment and the stop given, for tests.</summary>
    internal static Supervisor Detect(SupervisedMode mode, ServerLog log, Func<string, string?> environment, Action stop)
    {
        if (mode == SupervisedMode.Auto) mode = DetectMode(log, environment);

        return mode switch
        {
            SupervisedMode.Systemd => StartUnderSystemd(environment(NotifySocket), log),
            SupervisedMode.Upstart => StartUnderUpstart(environment(UpstartJob), log, stop),
            _ => new Supervisor(SupervisedMode.None, null, log),
        };
    }

    /// <summary>Tells systemd that the server serves.</summary>
    internal void NotifyReady() => Notify("READY=1\n");

    /// <summary>Tells systemd one line to show as the unit's status.</summary>
    internal void NotifyStatus(string status) => Notify($"STATUS={status.TrimEnd('\n')}\n");

    /// <summary>Tells systemd that the server is about to end.</summary>
    internal void NotifyStopping() => Notify("STOPPING=1\n");

    private static SupervisedMode DetectMode(ServerLog log, Func<string, string?> environment)
    {
        if (!string.IsNullOrEmpty(environment(UpstartJob)))
        {
            log.Verbose("Upstart supervision detected.");
            return SupervisedMode.Upstart;
        }

        if (!string.IsNullOrEmpty(environment(NotifySocket)))
        {
            log.Verbose("Systemd supervision detected.");
            return SupervisedMode.Systemd;
        }

        return SupervisedMode.None;
    }

    private static Supervisor StartUnderSystemd(string? notifySocket, ServerLog log)
    {
        var supervisor = new Supervisor(SupervisedMode.Systemd, notifySocket, log);
        if (!supervisor.Notify("STATUS=Loading...\n")) return new Supervisor(SupervisedMode.None, null, log);

        log.Notice("Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.");
        return supervisor;
    }

    private static Supervisor StartUnderUpstart(string? job, ServerLog log, Action stop)
    {
        if (string.IsNullOrEmpty(job))
        {
            log.Warning("upstart supervision requested, but UPSTART_JOB not found!");
            return new Supervisor(SupervisedMode.None, null, log);
        }

        log.Notice("supervised by upstart, will stop to signal readiness.");
        stop();
        Environment.SetEnvironmentVariable(UpstartJob, null);
        return new Supervisor(SupervisedMode.Upstart, null, log);
    }

    private static void StopOurselves()
    {
        if (!OperatingSystem.IsWindows())
            _ = Kill(Environment.ProcessId, OperatingSystem.IsMacOS() ? AppleSigStop : SigStop);
    }

    private bool Notify(string message)
    {
        if (_mode != SupervisedMode.Systemd) return false;

        if (string.IsNullOrEmpty(_notifySocket))
        {
            _log.Warning("systemd supervision error: NOTIFY_SOCKET not found!");
            return false;
        }

        try
        {
            var path = _notifySocket[0] == '@' ? '\0' + _notifySocket[1..] : _notifySocket;
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            _log.Warning($"systemd supervision error: sd_notify: {(e as SocketException)?.NativeErrorCode ?? 0} ({e.Message})");
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
