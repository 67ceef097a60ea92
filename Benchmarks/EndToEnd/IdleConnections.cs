using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Benchmarks.EndToEnd;

// Connections that say nothing are held by a process of their own for each server: one process may not have as many open
// sockets as several servers' idle clients together. It is this program again, started as `hold <port> <count>`; it says
// when it holds them, and lets go when its standard input ends, so it never outlives the benchmark.

/// <summary>Idle connections to a server.</summary>
internal sealed class IdleConnections : IDisposable
{
    private readonly Process _holder;

    /// <summary>Opens so many connections to a port of 127.0.0.1; throws when they cannot be had.</summary>
    public IdleConnections(int port, int count)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["hold", $"{port}", $"{count}"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _holder = Process.Start(info)!;
        if (_holder.StandardOutput.ReadLine() == "held") return;

        Dispose();
        throw new InvalidOperationException($"{count} idle connections cannot be had: see ulimit -n and the server's maxclients.");
    }

    /// <summary>The holder's own main: opens the connections, and waits for its input to end.</summary>
    public static int Hold(string[] args)
    {
        var port = int.Parse(args[0], CultureInfo.InvariantCulture);
        var sockets = new Socket[int.Parse(args[1], CultureInfo.InvariantCulture)];
        for (var at = 0; at < sockets.Length; at++)
        {
            sockets[at] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets[at].Connect(IPAddress.Loopback, port);
        }

        Console.WriteLine("held");
        Console.In.ReadToEnd();
        foreach (var socket in sockets)
            socket.Dispose();

        return 0;
    }

    public void Dispose()
    {
        _holder.StandardInput.Close();
        _holder.WaitForExit();
        _holder.Dispose();
    }
}
