using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Starting and stopping the executable: signals, SHUTDOWN, ports in use, daemons, pid files.</summary>
internal sealed class LifecycleTests
{
    [TestCase(PosixSignal.Terminate, "Received SIGTERM scheduling shutdown...")]
    [TestCase(PosixSignal.Interrupt, "Received SIGINT scheduling shutdown...")]
    public void A_signal_shuts_down_in_order(int signal, string message)
    {
        using var server = KestrelFreeProcess.Start();
        using var client = server.Connect();
        client.Ask("SET", "k", "v");

        server.Signal(signal);

        Assert.That(server.WaitForExit(), Is.Zero, server.Log);
        Assert.That(server.Log, Does.Contain(message).And.Contain("User requested shutdown...").And.Contain("bye bye"));
        Assert.That(client.IsClosedByServer(Eventually.Patience), Is.True);
    }

    [Test]
    public void A_hangup_is_ignored()
    {
        using var server = KestrelFreeProcess.Start();

        server.Signal(PosixSignal.Hangup);

        using var client = server.Connect();
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [TestCase("SHUTDOWN")]
    [TestCase("SHUTDOWN NOSAVE")]
    [TestCase("shutdown nosave now")]
    [TestCase("SHUTDOWN NOW FORCE")]
    [TestCase("SHUTDOWN NOSAVE NOW FORCE")]
    public void Shutdown_ends_the_process_without_a_reply(string line)
    {
        using var server = KestrelFreeProcess.Start();
        using var client = server.Connect();

        client.SendRequest(ByteText.SplitArguments(line));

        Assert.That(client.ReadToEnd(), Is.Empty);
        Assert.That(server.WaitForExit(), Is.Zero, server.Log);
    }

    [TestCase("SHUTDOWN ABORT", "-ERR No shutdown in progress.")]
    [TestCase("SHUTDOWN NOSAVE SAVE", "-ERR syntax error")]
    [TestCase("SHUTDOWN ABORT NOW", "-ERR syntax error")]
    [TestCase("SHUTDOWN junk", "-ERR syntax error")]
    public void Shutdown_with_other_words_goes_on(string line, string reply)
    {
        using var server = KestrelFreeProcess.Start();
        using var client = server.Connect();

        Assert.That(client.AskLine(line), Is.EqualTo(reply));
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Shutdown_abort_calls_off_what_a_signal_has_scheduled()
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes");
        using var client = server.Connect();
        client.Ask("DEBUG", "PAUSE-CRON", "1");

        server.Signal(PosixSignal.Terminate);

        Eventually.True(() => client.Ask("SHUTDOWN", "ABORT") == "+OK", () => server.Log);
        client.Ask("DEBUG", "PAUSE-CRON", "0");
        Assert.That(client.Ask("SHUTDOWN", "ABORT"), Is.EqualTo("-ERR No shutdown in progress."));
        server.Signal(PosixSignal.Interrupt);
        Assert.That(server.WaitForExit(), Is.Zero, "the second signal is a first one again: " + server.Log);
        Assert.That(server.Log, Does.Contain("Shutdown manually aborted."));
    }

    [Test]
    public void After_a_kill_the_port_is_free_again()
    {
        using var first = KestrelFreeProcess.Start();
        using var client = first.Connect();
        client.Ask("PING");

        first.Signal(PosixSignal.Kill);
        first.WaitForExit();

        using var folder = new TempFolder();
        using var second = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{first.Port}", "--bind", "127.0.0.1", "--save", "", "--dir", folder.Path],
            Port = first.Port,
        });
        second.WaitReady();
    }

    [Test]
    public void A_port_in_use_ends_the_start_with_its_reason()
    {
        using var first = KestrelFreeProcess.Start();

        using var second = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["--port", $"{first.Port}", "--bind", "127.0.0.1"] });

        Assert.That(second.WaitForExit(), Is.EqualTo(1));
        Assert.That(second.Log, Does.Contain($"Could not create server TCP listening socket 127.0.0.1:{first.Port}: bind: Address already in use"));
        Assert.That(second.Log, Does.Contain($"Failed listening on port {first.Port}"));
    }

    [Test]
    public void A_daemon_outlives_its_parent_and_takes_its_pid_file_along()
    {
        using var folder = new TempFolder();
        var (pidFile, log) = (folder.File("server.pid"), folder.File("server.log"));
        var port = FreePort.Next();
        using var parent = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", folder.Path, "--daemonize", "yes", "--pidfile", pidFile, "--logfile", log],
            Port = port,
        });

        Assert.That(parent.WaitForExit(), Is.Zero, parent.Log);
        Eventually.True(() => File.Exists(pidFile) && File.ReadAllText(pidFile).EndsWith('\n'), () => "no pid file");
        var pid = int.Parse(File.ReadAllText(pidFile));
        try
        {
            parent.WaitUntilAnswering();
            using var client = parent.Connect();
            Assert.That(client.AskPayload("INFO", "server"), Does.Contain($"process_id:{pid}\r\n"));
            Assert.That(PosixSignal.SessionOf(pid), Is.EqualTo(pid), "a daemon leads a session of its own");
            PosixSignal.Send(pid, PosixSignal.Terminate);
            Eventually.True(() => !File.Exists(pidFile), () => "the pid file stays: " + File.ReadAllText(log));
            Eventually.True(() => !PosixSignal.IsRunning(pid), () => "the daemon still runs: " + File.ReadAllText(log));
        }
        finally
        {
            PosixSignal.Send(pid, PosixSignal.Kill);
        }
    }

    [Test]
    public void A_daemon_that_cannot_start_says_so()
    {
        if (!KestrelFreeProcess.IsOurs) Assert.Ignore("Redis's parent has gone by then");

        using var first = KestrelFreeProcess.Start();

        using var second = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["--port", $"{first.Port}", "--bind", "127.0.0.1", "--daemonize", "yes"] });

        Assert.That(second.WaitForExit(), Is.EqualTo(1), second.Log);
    }

    [Test]
    public void A_pid_file_is_written_and_removed_without_a_daemon_too()
    {
        using var folder = new TempFolder();
        var pidFile = folder.File("server.pid");
        using var server = KestrelFreeProcess.Start("--pidfile", pidFile);

        Assert.That(File.ReadAllText(pidFile), Is.EqualTo($"{server.Pid}\n"));

        server.Signal(PosixSignal.Terminate);
        server.WaitForExit();
        Assert.That(pidFile, Does.Not.Exist);
    }

    [Test]
    public void Systemd_is_told_when_the_server_is_ready_and_when_it_stops()
    {
        using var folder = new TempFolder();
        using var notify = new NotifySocket(folder.File("notify"));
        var port = FreePort.Next();
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--supervised", "systemd"],
            Environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notify.Path },
            Port = port,
        });

        Assert.That(notify.ReadUntil("READY=1"), Does.Contain("READY=1"), server.Log);
        server.Signal(PosixSignal.Terminate);
        Assert.That(notify.ReadUntil("STOPPING=1"), Does.Contain("STOPPING=1"), server.Log);
        Assert.That(server.WaitForExit(), Is.Zero);
    }
}
