using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server;

// The life of the process around one RedisServer: announce, listen, run, and leave nothing behind. Log lines are in Redis's words and
// order, because supervisors and suites look for them.

/// <summary>Starts a server in this process and ends with it.</summary>
internal sealed class ServerProcess
{
    private const int Failed = 1;

    private readonly Startup _startup;
    private readonly ServerConfig _config;
    private readonly ServerLog _log;

    internal ServerProcess(Startup startup, ServerConfig config, ServerLog log)
    {
        _startup = startup;
        _config = config;
        _log = log;
    }

    /// <summary>Runs the server until it ends; returns the process's exit code.</summary>
    internal int Run()
    {
        Announce();
        using var server = new RedisServer(_config, _log);
        var settings = ListenSettingsOf(_config);
        if (!server.Listen(settings)) return Fail();
        LiveSettings.Connect(server, settings);
        TcpBacklog.WarnWhenUnenforceable(_config.TcpBacklog, _log);
        _log.Notice("Server initialized");
        server.Listeners!.LogReady();
        return Serve(server);
    }

    private int Serve(RedisServer server)
    {
        server.Run();
        if (_config.UnixSocket.Length > 0) _log.Notice("Removing the unix socket file.");
        _log.Warning("Redis is now ready to exit, bye bye...");
        _log.Flush(TimeSpan.FromSeconds(1));
        return 0;
    }

    private void Announce()
    {
        _log.Notice("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
        _log.Notice(
            $"Redis version={ServerVersion.Redis}, bits={IntPtr.Size * 8}, commit={ServerVersion.Commit}, modified=0, " +
            $"pid={Environment.ProcessId}, just started ({ServerVersion.Name} {ServerVersion.Own})");
        _startup.LogNotes(_log);
        _log.Notice("monotonic clock: .NET Stopwatch");
        _log.Notice($"Running mode=standalone, port={_config.Port}.");
    }

    private int Fail()
    {
        _log.Flush(TimeSpan.FromSeconds(1));
        return Failed;
    }

    private static ListenSettings ListenSettingsOf(ServerConfig config) => new()
    {
        Port = config.Port,
        Bind = config.Bind,
        TcpBacklog = config.TcpBacklog,
        UnixSocket = config.UnixSocket.Length == 0 ? null : config.UnixSocket,
        UnixSocketPerm = config.UnixSocketPerm,
        TcpKeepaliveSeconds = config.TcpKeepAliveSeconds,
        MaxNewConnectionsPerCycle = config.MaxNewConnectionsPerCycle,
    };
}
