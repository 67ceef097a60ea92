using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace KestrelFree.Benchmarks.EndToEnd;

// A process of their own opens the connections, so that the prober beside them meets neither their collector nor their thread pool. It is this
// program again, started as `storm-clients <port> <count> <kind>`; what it prints last is its result.
//
//     plain, tls   all connect at once, each says PING and is served when PONG is back; they stay open until all are
//     loris        all connect, send a request that lacks its last bytes, and then a byte a second each, until standard input ends

/// <summary>Many clients that come at once.</summary>
internal static class StormClients
{
    private const int Slices = 10;
    private const int TrickleBytes = 400;

    private static readonly byte[] Ping = "*1\r\n$4\r\nPING\r\n"u8.ToArray();
    private static readonly byte[] Beginning = [.. "*3\r\n$3\r\nSET\r\n$5\r\nloris\r\n$1000\r\n"u8];

    /// <summary>The storm's own main.</summary>
    public static int Run(string[] args)
    {
        var port = int.Parse(args[0], CultureInfo.InvariantCulture);
        var count = int.Parse(args[1], CultureInfo.InvariantCulture);
        if (args[2] == "loris") Trickle(port, count);
        else OpenAtOnce(port, count, args[2] == "tls").GetAwaiter().GetResult();
        return 0;
    }

    private static async Task OpenAtOnce(int port, int count, bool isEncrypted)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => NewSocket()).ToArray();
        var watch = Stopwatch.StartNew();
        var served = await Task.WhenAll(sockets.Select(socket => Visit(socket, port, isEncrypted)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{served.Count(isServed => isServed)} {watch.Elapsed.TotalSeconds:F2}"));
        foreach (var socket in sockets) socket.Dispose();
    }

    private static async Task<bool> Visit(Socket socket, int port, bool isEncrypted)
    {
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            Stream stream = new NetworkStream(socket, ownsSocket: false);
            if (isEncrypted)
            {
                var ssl = new SslStream(stream, leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate?.Subject == "CN=localhost");
                await ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", AllowTlsResume = false });
                stream = ssl;
            }

            await stream.WriteAsync(Ping);
            var reply = new byte[16];
            return await stream.ReadAtLeastAsync(reply, 7, throwOnEndOfStream: false) == 7 && reply.AsSpan().StartsWith("+PONG"u8);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    private static void Trickle(int port, int count)
    {
        var sockets = new Socket[count];
        for (var at = 0; at < count; at++)
        {
            sockets[at] = NewSocket();
            sockets[at].Connect(IPAddress.Loopback, port);
            sockets[at].Send(Beginning);
        }

        Console.WriteLine($"{count} 0");
        var end = Task.Run(Console.In.ReadToEnd);
        byte[] one = [(byte)'x'];
        for (var round = 0; round < TrickleBytes * Slices && !end.IsCompleted; round++)
        {
            for (var at = round % Slices; at < count; at += Slices) sockets[at].Send(one);
            end.Wait(1000 / Slices);
        }

        foreach (var socket in sockets) socket.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
