using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Rehearsals;

namespace KestrelFree.Server;

// The life of the process around one RedisServer: announce, adjust the OS's limits, listen, tell whoever waits for it (the parent of a
// daemon, systemd), run, and leave nothing behind. Log lines are in Redis's words and order, because supervisors and suites look for
// them.

/// <summary>Starts a server in this process and ends with it.</summary>
internal sealed class ServerProcess
{
    private const int Failed = 1;

    private readonly Startup _startup;
    private readonly ServerConfig _config;
    private readonly ServerLog _log;
    private readonly DetachedChild? _detached;
    private bool _loadFailed;

    internal ServerProcess(Startup startup, ServerConfig config, ServerLog log, DetachedChild? detached)
    {
        _startup = startup;
        _config = config;
        _log = log;
        _detached = detached;
    }

    /// <summary>Called when the server listens, with what asks it to end on any thread.</summary>
    internal Action<Action>? Started { get; init; }

    /// <summary>Runs the server until it ends; returns the process's exit code.</summary>
    internal int Run()
    {
        Announce();
        var supervisor = Supervisor.Detect(_config.Supervised, _log);
        if (!OpenFileLimit.TryAdjust((int)_config.MaxClients, _log, out var allowedClients)) return Fail("maxclients cannot be honoured");
        if (allowedClients != _config.MaxClients) _config.Correct("maxclients", allowedClients);

        ProcessorAffinity.BindProcess(_config.ServerProcessors, _log);
        using var server = new RedisServer(_config, _log) { Supervisor = supervisor };
        using var crashReport = new CrashReport(
            _log,
            ServerVersion.Own,
            _config.ConfigFile,
            () => new Introspection.InfoReport(server).Write(["everything"]),
            () => CurrentCommand(server),
            lastCommands: () => LastCommands(server),
            isEnabled: () => _config.CrashLogEnabled);
        crashReport.Install();

        if (!server.AclFile.LoadAtStart()) return Fail("the users could not be loaded; the log says why");
        var settings = ListenSettingsOf(_config);
        if (_config.TlsPort != 0 && !server.Tls.Configure())
        {
            _log.Warning("Failed to configure TLS. Check logs for more info.");
            return Fail("TLS could not be configured; the log says why");
        }

        if (!server.Listen(settings)) return Fail("the server could not listen; its log says why");
        LiveSettings.Connect(server, settings);
        TcpBacklog.WarnWhenUnenforceable(_config.TcpBacklog, _log);
        using var pidFile = CreatePidFile();
        using var signals = new ShutdownSignals(server.Loop, _log, signal => server.Shutdown.Schedule(() => ShutDown(server, signal)), () => server.Loader.IsLoading);
        server.Shutdown.CalledOff = signals.Reset;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Saves.AbandonAtExit();
        server.Memory.Announce();
        _log.Notice("Server initialized");
        if (_config.SetProcTitle) ProcessTitle.Follow(_config);
        _detached?.ReportListening();
        Started?.Invoke(() => signals.Receive("SIGTERM"));
        using var rehearsal = _config.Rehearsal && Rehearsal.IsAffordable ? Rehearsal.Begin(_log) : null;
        using var compilerMemory = CompilerMemory.Watched();
        Load(server);
        return Serve(server, crashReport);
    }

    // The loop loads the data, and answers clients meanwhile.
    private void Load(RedisServer server)
    {
        new StartupLoad(server, error => Loaded(server, error)).Begin();
    }

    private void Loaded(RedisServer server, string? error)
    {
        if (error is null)
        {
            AnnounceReady(server);
            return;
        }

        _loadFailed = true;
        server.Loop.Stop();
    }

    private static void AnnounceReady(RedisServer server)
    {
        server.Listeners!.LogReady();
        server.Supervisor?.NotifyStatus("Ready to accept connections\n");
        server.Supervisor?.NotifyReady();
    }

    private int Serve(RedisServer server, CrashReport crashReport)
    {
        try
        {
            server.Run();
        }
        catch (Exception exception)
        {
            // Whatever escapes to here has left the keyspace in an unknown state: report it and end, as a failed assertion does.
            crashReport.WriteAndExit(exception);
            throw;
        }

        if (_loadFailed) return Fail("the data set could not be loaded; the log says why");
        if (_config.PidFile.Length > 0 || _config.Daemonize) _log.Notice("Removing the pid file.");
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
        Banner.Announce(_config, _log);
    }

    private int Fail(string reason)
    {
        _detached?.ReportFailure(reason);
        _log.Flush(TimeSpan.FromSeconds(1));
        return Failed;
    }

    private PidFile? CreatePidFile()
    {
        if (_config.PidFile.Length > 0) return PidFile.Create(_config.PidFile, _log);
        return _config.Daemonize ? PidFile.Create("/var/run/redis.pid", _log) : null;
    }

    private bool ShutDown(RedisServer server, string signal)
    {
        var how = signal == "SIGINT" ? _config.ShutdownOnSigint : _config.ShutdownOnSigterm;
        var options = ShutdownOptions.None;
        if ((how & ShutdownFlags.Save) != 0) options |= ShutdownOptions.Save;
        if ((how & ShutdownFlags.NoSave) != 0) options |= ShutdownOptions.NoSave;
        if ((how & ShutdownFlags.Now) != 0) options |= ShutdownOptions.Now;
        if ((how & ShutdownFlags.Force) != 0) options |= ShutdownOptions.Force;
        if (server.Shutdown.Begin(options, "User requested shutdown...")) return true;
        _log.Warning($"{signal} received but errors trying to shut down the server, check the logs for more information");
        return false;
    }

    private static ListenSettings ListenSettingsOf(ServerConfig config) => new()
    {
        Ports = ListenPorts.Of(config),
        Bind = config.Bind,
        TcpBacklog = config.TcpBacklog,
        SocketMarkId = config.SocketMarkId,
        UnixSocket = config.UnixSocket.Length == 0 ? null : config.UnixSocket,
        UnixSocketPerm = config.UnixSocketPerm,
        TcpKeepaliveSeconds = config.TcpKeepAliveSeconds,
        MaxNewConnectionsPerCycle = config.MaxNewConnectionsPerCycle,
    };

    // Of each client the last, the latest first.
    private static string LastCommands(RedisServer server)
    {
        const int Most = 20;
        var clients = new List<Client>();
        for (var client = server.Clients.Oldest; client is not null; client = client.Next) clients.Add(client);
        var lines = clients.OrderByDescending(static client => client.LastInteractionMs).Take(Most)
            .Select(client => $"{server.Clock.NowMs - client.LastInteractionMs} ms ago {client.LastCommand?.FullName ?? "nothing"} of client id={client.Id} {client.Flags}");
        return string.Join('\n', lines);
    }

    // Names the command, never its arguments: they may hold secrets.
    private static string? CurrentCommand(RedisServer server) =>
        server.Requests.Current is { } client ? $"{client.LastCommand?.FullName} of client {ClientDescription.ForLog(client)}" : null;
}
