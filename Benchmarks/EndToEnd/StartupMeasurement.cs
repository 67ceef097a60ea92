using System.Diagnostics;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- startup [--times 21] [--executable PATH]
//
// The time from starting the published executable to its first PONG, beside redis-server's where that is installed. The
// first start of each is thrown away: it reads the files from the disk.

/// <summary>Times the start of the published executable.</summary>
internal static class StartupMeasurement
{
    /// <summary>Runs with the arguments after "startup".</summary>
    public static int Run(string[] args)
    {
        var options = new CommandOptions(args);
        var ours = options.Executable ?? Publish();
        foreach (var (name, command) in Peers.Installed().Where(peer => peer.Name is "redis-server" or "kestrel-free epoll"))
            Report(name, name == "redis-server" ? command : $"{ours} {command.Split(' ', 2)[1]}", options.Times);

        return 0;
    }

    private static void Report(string name, string command, int times)
    {
        var starts = new List<double>();
        for (var time = 0; time <= times; time++)
        {
            using var server = PeerServer.Start(name, command);
            if (time > 0) starts.Add(server.FirstPing.TotalMilliseconds);
        }

        starts.Sort();
        Console.WriteLine($"{name}: first PING after {starts[starts.Count / 2]:0} ms (median of {times}; {starts[0]:0} to {starts[^1]:0})");
    }

    private static string Publish()
    {
        var folder = Peers.SolutionFile("artifacts", "publish");
        using var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", Peers.SolutionFile("Server"), "-c", "Release", "-o", folder, "-v", "q", "--nologo"]))!;
        publish.WaitForExit();
        return publish.ExitCode == 0 ? Path.Combine(folder, "kestrel-free") : throw new InvalidOperationException("dotnet publish failed.");
    }
}
