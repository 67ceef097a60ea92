using System.Diagnostics;
using System.Net;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Logging;

/// <summary>The executable's log when it goes where nobody reads, or where somebody rotates.</summary>
public sealed class LogPipeTests
{
    // Some 180 bytes a line: more than twice the 64 KB that a Linux pipe holds.
    private const int Lines = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public void A_pipe_that_nobody_reads_never_stops_the_server()
    {
        var port = FreePort.Next();
        var start = new ProcessStartInfo(KestrelFreeProcess.Executable) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in new[] { "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--loglevel", "debug" })
            start.ArgumentList.Add(argument);
        using var server = Process.Start(start)!;
        try
        {
            using var connection = ConnectWhenReady(port);
            for (var i = 0; i < Lines; i++)
                Assert.That(connection.Ask("CONFIG", "SET", "oom-score-adj-values", "3 2 1"), Is.EqualTo("+OK"), $"line {i}");
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    [Test]
    public void A_rotated_log_file_is_followed()
    {
        using var folder = new TempFolder();
        var log = folder.File("server.log");
        using var server = KestrelFreeProcess.Start("--logfile", log);
        using var connection = server.Connect();
        Eventually.True(() => File.ReadAllText(log).Contains("Ready to accept connections"), () => File.ReadAllText(log));
        File.Move(log, log + ".1");
        var watch = Stopwatch.StartNew();

        while (!File.Exists(log) && watch.Elapsed < Patience)
            connection.Ask("CONFIG", "SET", "oom-score-adj-values", "3 2 1");

        Assert.That(watch.ElapsedMilliseconds, Is.LessThan(1000));
        Assert.That(server.Log, Is.Empty);
    }

    private static RawConnection ConnectWhenReady(int port)
    {
        RawConnection? connection = null;
        Eventually.True(() => TryConnect(port, out connection), () => $"nobody listens on {port}", Patience);
        return connection!;
    }

    private static bool TryConnect(int port, out RawConnection? connection)
    {
        try
        {
            connection = new RawConnection(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            connection = null;
            return false;
        }
    }
}
