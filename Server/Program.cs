using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server;

/// <summary>The executable: reads the configuration and runs one server until it ends.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var startup = Startup.Read(args, StartupStreams.OfProcess());
        if (startup.Config is not { } config) return startup.ExitCode;
        using var log = ServerLog.Open(config);
        return new ServerProcess(startup, config, log).Run();
    }
}
