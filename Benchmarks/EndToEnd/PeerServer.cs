using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>A server process on a loopback port of its own, as a benchmark sees it: requests go in, processor time is spent.</summary>
internal sealed class PeerServer : IDisposable
{
    private readonly Process _process;
    private IdleConnections? _idle;

    private PeerServer(string name, Process process, int port, TimeSpan firstPing)
    {
        Name = name;
        _process = process;
        Port = port;
        FirstPing = firstPing;
    }

    /// <summary>The name in the table.</summary>
    public string Name { get; }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The time from starting the process to the first reply.</summary>
    public TimeSpan FirstPing { get; }

    /// <summary>The processor time that the process has taken so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The resident memory in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts a command line with {port} put in, and waits for the first PONG; throws with the name when none comes.</summary>
    public static PeerServer Start(string name, string commandLine)
    {
        var port = FreePort();
        var words = CommandWords.Split(commandLine.Replace("{port}", $"{port}", StringComparison.Ordinal));
        var info = new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        var watch = Stopwatch.StartNew();
        var process = Process.Start(info)!;

        // The pipes are emptied so that no server ever waits for them.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!Answers(port))
        {
            if (process.HasExited || watch.Elapsed > TimeSpan.FromSeconds(20))
            {
                process.Kill();
                throw new InvalidOperationException($"{name} does not answer: {commandLine}");
            }

            Thread.Sleep(1);
        }

        return new PeerServer(name, process, port, watch.Elapsed);
    }

    /// <summary>Opens connections that say nothing, until the server is disposed.</summary>
    public void AddIdleConnections(int count)
    {
        if (count > 0) _idle = new IdleConnections(Port, count);
    }

    /// <summary>A port that nobody listens on just now.</summary>
    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    public void Dispose()
    {
        _idle?.Dispose();
        if (!_process.HasExited) _process.Kill();

        _process.WaitForExit();
        _process.Dispose();
    }

    private static bool Answers(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 2000 };
            socket.Connect(IPAddress.Loopback, port);
            socket.Send("PING\r\n"u8);
            Span<byte> reply = stackalloc byte[16];
            return reply[..socket.Receive(reply)].StartsWith("+PONG"u8);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
