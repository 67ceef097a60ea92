namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>The servers that a comparison runs by default.</summary>
internal static class Peers
{
    /// <summary>redis-server, ours on both back ends, and Garnet where it is installed; says what is left out.</summary>
    public static IEnumerable<(string Name, string Command)> Installed()
    {
        const string Bare = "--port {port} --bind 127.0.0.1 --save '' --appendonly no --maxclients 20000";
        var ours = SolutionFile("Server", "bin", "Release", "net10.0", "kestrel-free");
        if (Find("redis-server") is { } redis) yield return ("redis-server", $"{redis} {Bare} --loglevel warning");
        else Console.WriteLine("redis-server is not on PATH: left out");

        yield return ("kestrel-free epoll", $"{ours} {Bare} --loglevel warning --event-backend epoll");
        yield return ("kestrel-free select", $"{ours} {Bare} --loglevel warning --event-backend select");
        if ((Find("garnet-server") ?? Find("/opt/garnet/garnet-server")) is { } garnet)
            yield return ("Garnet", $"{garnet} --port {{port}} --bind 127.0.0.1");
        else
            Console.WriteLine("garnet-server is neither on PATH nor in /opt/garnet: left out");
    }

    /// <summary>The path of a file of the solution, which is found upwards from this assembly.</summary>
    public static string SolutionFile(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Kestrel-free.sln")))
                return Path.Combine([folder.FullName, .. parts]);
        }

        throw new DirectoryNotFoundException($"No Kestrel-free.sln in or above {AppContext.BaseDirectory}.");
    }

    private static string? Find(string program)
    {
        if (Path.IsPathRooted(program)) return File.Exists(program) ? program : null;

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }
}
