using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

/// <summary>daemonize yes on the real executable: what its parent sees, and what is left running.</summary>
[Platform("Linux")]
public sealed class DaemonProcessTests
{
    [Test]
    public void The_parent_succeeds_once_the_daemon_listens_in_a_session_of_its_own()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();

        (var code, var output) = Run(folder, "", "--port", $"{port}", "--daemonize", "yes", "--pidfile", folder.File("pid"));
        using var daemon = Daemon.Read(folder.File("pid"));

        Assert.That(code, Is.Zero, output);
        Assert.That(Answers(port), Is.True);
        Assert.That(daemon.Session, Is.EqualTo(daemon.Pid));
        Assert.That(File.ResolveLinkTarget($"/proc/{daemon.Pid}/fd/1", returnFinalTarget: false)?.FullName, Is.EqualTo("/dev/null"));

        daemon.EndBySigterm();
        Assert.That(File.Exists(folder.File("pid")), Is.False);
    }

    [Test]
    public void The_parent_fails_with_a_reason_when_the_daemon_cannot_listen()
    {
        using var folder = new TempFolder();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        (var code, var output) = Run(
            folder, "", "--port", $"{port}", "--bind", "127.0.0.1", "--daemonize", "yes", "--logfile", "log", "--pidfile", folder.File("pid"));

        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.Contain("Starting in the background failed"));
        Assert.That(File.ReadAllText(folder.File("log")), Does.Contain($"Failed listening on port {port} (tcp), aborting."));
        Assert.That(File.Exists(folder.File("pid")), Is.False);
    }

    [Test]
    public void A_configuration_from_standard_input_reaches_the_daemon()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();

        (var code, var output) = Run(folder, $"port {port}\ndaemonize yes\npidfile {folder.File("pid")}\n", "-");
        using var daemon = Daemon.Read(folder.File("pid"));

        Assert.That(code, Is.Zero, output);
        Assert.That(Answers(port), Is.True);
    }

    // Waits for the end of the output too: a daemon that kept it open would hang whoever captures it.
    private static (int ExitCode, string Output) Run(TempFolder folder, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(KestrelFreeProcess.Executable)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var parent = Process.Start(start)!;
        parent.StandardInput.Write(input);
        parent.StandardInput.Close();
        var output = parent.StandardOutput.ReadToEnd() + parent.StandardError.ReadToEnd();
        parent.WaitForExit();
        return (parent.ExitCode, output);
    }

    private static bool Answers(int port)
    {
        using var connection = new RawConnection(new IPEndPoint(IPAddress.Loopback, port));
        return connection.Ask("PING").StartsWith("+PONG", StringComparison.Ordinal);
    }

    /// <summary>The detached process, ended with the test.</summary>
    private sealed class Daemon : IDisposable
    {
        private const int SigTerm = 15;

        private readonly Process _process;

        private Daemon(Process process)
        {
            _process = process;
        }

        internal int Pid => _process.Id;

        internal int Session => int.Parse(File.ReadAllText($"/proc/{Pid}/stat").Split(") ")[1].Split(' ')[3], CultureInfo.InvariantCulture);

        internal static Daemon Read(string pidFile) =>
            new(Process.GetProcessById(int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture)));

        internal void EndBySigterm()
        {
            PosixSignal.Send(Pid, SigTerm);
            Eventually.True(() => _process.HasExited, () => "the daemon still runs");
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();

            _process.Dispose();
        }
    }
}
