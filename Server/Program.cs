using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Persistence;

namespace KestrelFree.Server;

/// <summary>The executable: reads the configuration, detaches when told to, and runs one server until it ends.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (OperatingSystem.IsWindows() && args is [.. var own, WindowsService.Argument]) return WindowsService.Run(started => Run(own, started));
        return Run(args, started: null);
    }

    // Who supervises the process from outside is told when the server has started, and how it is asked to end.
    private static int Run(string[] args, Action<Action>? started)
    {
        using var detached = Daemon.TryEnter();
        var startup = Startup.Read(args, StartupStreams.OfProcess());
        if (startup.Config is not { } config) return startup.ExitCode;
        if (startup.Transfer is { } transfer) return Run(transfer, config);
        if (config.Daemonize && config.Supervised == SupervisedMode.None && detached is null)
            return Daemon.LaunchDetached(args, Console.Error, standardInput: startup.StandardInputText);

        detached?.CloseStandardStreams();
        using var log = ServerLog.Open(config);
        return new ServerProcess(startup, config, log, detached) { Started = started }.Run();
    }

    private static int Run(JsonTransferOptions options, ServerConfig config)
    {
        using var log = ServerLog.Open(config);
        using var transfer = new JsonTransfer(options, config, log);
        return transfer.Run();
    }
}
