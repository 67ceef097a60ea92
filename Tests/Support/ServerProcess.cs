using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Tests.Support;

/// <summary>A server in a process of its own: free port, temp folder, captured log, killed on dispose.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TempFolder _folder;
    private readonly Thread[] _captures;

    private ServerProcess(Process process, TempFolder folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
        _captures = [Capture(process.StandardOutput), Capture(process.StandardError)];
    }

    /// <summary>The TCP port on 127.0.0.1, or 0 where the caller gave none.</summary>
    public int Port { get; }

    /// <summary>The process id of the server itself.</summary>
    public int Pid => _process.Id;

    /// <summary>The server's working folder, deleted on dispose.</summary>
    public TempFolder Folder => _folder;

    /// <summary>Everything written to standard output and standard error so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a server that persists nothing, on a free port, and waits until it answers.</summary>
    public static ServerProcess Start(string executable, params string[] arguments)
    {
        for (var attempt = 1; ; attempt++)
        {
            var folder = new TempFolder();
            var port = FreePort.Next();
            string[] all = ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.Path, "--save", "", .. arguments];
            var server = Launch(new ServerLaunch(executable) { Arguments = all, Folder = folder, Port = port });
            if (server.TryWaitReady()) return server;

            var log = server.Log;
            server.Dispose();

            // Another process may take the port between the probe and the bind.
            if (attempt == 3 || !log.Contains("Address already in use", StringComparison.Ordinal))
                throw new InvalidOperationException($"{executable} did not start:\n{log}");
        }
    }

    /// <summary>Starts a server with exactly the given arguments and waits for nothing.</summary>
    public static ServerProcess Launch(ServerLaunch launch)
    {
        var folder = launch.Folder ?? new TempFolder();
        var process = ProcessLauncher.Start(launch.Executable, launch.Arguments, folder.Path, launch.Environment);
        var server = new ServerProcess(process, folder, launch.Port);
        process.StandardInput.Write(launch.StandardInput);
        process.StandardInput.Close();
        return server;
    }

    /// <summary>A new raw connection.</summary>
    public RawConnection Connect() => new(new IPEndPoint(IPAddress.Loopback, Port));

    /// <summary>A new raw connection that speaks RESP2 or RESP3.</summary>
    public RawConnection Connect(int protocolVersion)
    {
        var connection = Connect();
        if (protocolVersion != 2) connection.Ask("HELLO", $"{protocolVersion}");

        return connection;
    }

    /// <summary>Waits until the server answers on its port.</summary>
    public ServerProcess WaitReady()
    {
        if (!TryWaitReady()) throw new InvalidOperationException($"The server did not start:\n{Log}");

        return this;
    }

    /// <summary>Waits until something answers on the port, whatever became of the process that was started: a daemon's parent ends.</summary>
    public void WaitUntilAnswering() => Eventually.True(Answers, () => $"nothing answers on port {Port}:\n{Log}");

    /// <summary>Waits until the log holds a text.</summary>
    public ServerProcess WaitForLog(string text)
    {
        Eventually.True(() => Log.Contains(text, StringComparison.Ordinal), () => $"no \"{text}\" in the log:\n{Log}");
        return this;
    }

    /// <summary>Sends a signal to the server.</summary>
    public void Signal(int signal) => PosixSignal.Send(Pid, signal);

    /// <summary>Waits for the end of the process and returns its exit code; fails with the log when it goes on.</summary>
    public int WaitForExit(TimeSpan? patience = null)
    {
        Eventually.True(() => HasExited, () => $"the server still runs:\n{Log}", patience);

        // What was written last may still be on its way; a process that outlives this one may hold its output open.
        foreach (var capture in _captures)
            capture.Join(TimeSpan.FromSeconds(1));
        return _process.ExitCode;
    }

    /// <summary>The resident memory of the process in bytes.</summary>
    public long ResidentBytes()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();

        _process.WaitForExit(Eventually.Patience);
        _process.Dispose();
        _folder.Dispose();
    }

    private Thread Capture(StreamReader stream)
    {
        var thread = new Thread(() =>
        {
            var buffer = new char[4096];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                lock (_log)
                    _log.Append(buffer, 0, read);
            }
        })
        { IsBackground = true, Name = "server log" };
        thread.Start();
        return thread;
    }

    private bool TryWaitReady()
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Eventually.Patience && !HasExited)
        {
            if (Answers()) return true;

            Thread.Sleep(5);
        }

        return false;
    }

    /// <summary>Whether PING gets any answer but "still loading"; NOAUTH and DENIED count, the caller asked for them.</summary>
    private bool Answers()
    {
        try
        {
            using var connection = Connect();
            return !connection.Ask("PING").StartsWith("-LOADING", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
        catch (EndOfStreamException)
        {
            return false;
        }
    }
}

/// <summary>How to start a server: the program and exactly what it gets.</summary>
internal sealed record ServerLaunch(string Executable)
{
    /// <summary>The arguments, nothing added.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What standard input holds before it ends.</summary>
    public string StandardInput { get; init; } = "";

    /// <summary>Variables on top of this process's own.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>The working folder; a new one when null. The server process owns it either way.</summary>
    public TempFolder? Folder { get; init; }

    /// <summary>The port that the arguments or the configuration name, for <see cref="ServerProcess.Connect()"/>.</summary>
    public int Port { get; init; }
}
