using KestrelFree.Server.Networking;

namespace KestrelFree.Server;

// What the server does now and then, hz times a second: samples its rates, looks after some of the clients, gives the keyspace a slice for
// its own upkeep. Every client is visited at least once a second, whatever their number, as in Redis.

/// <summary>The periodic work of the server.</summary>
internal sealed class ServerCron
{
    private const int MinClientsPerRun = 5;
    private const int MaxHz = 500;
    private const int ClientsPerCall = 200;
    private const long MaintenanceSliceMicros = 250;
    private const long MaintenancePauseMs = 1;
    private const long SampleEveryMs = 100;
    private const long SilentMs = 2000;

    private readonly RedisServer _server;
    private readonly Action<Client> _lookAfter;
    private long _sampledMs;
    private bool _maintaining;

    internal ServerCron(RedisServer server)
    {
        _server = server;
        _lookAfter = LookAfter;
        Hz = server.Config.Hz;
    }

    /// <summary>How often a second the cron runs: the configured hz, raised with dynamic-hz when there are many clients.</summary>
    internal int Hz { get; private set; }

    /// <summary>DEBUG PAUSE-CRON: nothing periodic happens while it is set.</summary>
    internal bool IsPaused { get; set; }

    /// <summary>Runs once; returns the delay to the next run in milliseconds.</summary>
    internal long Run()
    {
        var began = _server.Clock.Synchronize();
        if (!IsPaused) RunOnce();
        _server.Statistics.CronTicks += _server.Clock.Synchronize() - began;
        return 1000 / Hz;
    }

    private void RunOnce()
    {
        var server = _server;
        AdaptHz();
        if (server.Clock.NowMs - _sampledMs >= SampleEveryMs) SampleRates();
        server.Statistics.GcPauses.Sample();
        server.Shutdown.RunScheduled();
        server.Saves.RunDue();
        server.Aof.Rewrites.RunDue();
        if (server.Tracking.IsActive) server.Tracking.GiveUpKeys();
        var memory = server.Keyspace.Memory.UsedBytes;
        if (memory > server.Statistics.PeakMemory) server.Statistics.PeakMemory = memory;
        server.ClientMemory.FollowConfig();
        server.Tls.Watch();
        server.Clients.VisitSome(Math.Max(MinClientsPerRun, server.Clients.Count / Hz + 1), _lookAfter);
        if (!_maintaining && !server.Loader.IsLoading && Maintain())
        {
            _maintaining = true;
            server.Loop.AddTimer(MaintenancePauseMs, ContinueMaintenance);
        }
    }

    // Not while data is loaded: segments that wait to be filled are better not merged. While the keyspace has memory to give back it gets a
    // fifth of the loop, in slices that no client notices.
    private long ContinueMaintenance()
    {
        _maintaining = !_server.Loader.IsLoading && Maintain();
        return _maintaining ? MaintenancePauseMs : Loop.EventLoop.NoMore;
    }

    private bool Maintain() => _server.Keyspace.RunMaintenance(MaintenanceSliceMicros) || _server.Tracking.RunMaintenance(MaintenanceSliceMicros);

    private void AdaptHz()
    {
        Hz = _server.Config.Hz;
        if (!_server.Config.DynamicHz) return;
        while (_server.Clients.Count / Hz > ClientsPerCall && Hz < MaxHz) Hz = Math.Min(Hz * 2, MaxHz);
    }

    private void SampleRates()
    {
        var now = _sampledMs = _server.Clock.NowMs;
        var statistics = _server.Statistics;
        statistics.CommandRate.Sample(statistics.Commands, now);
        statistics.InputRate.Sample(statistics.BytesReceived, now);
        statistics.OutputRate.Sample(statistics.BytesSent, now);
        statistics.TurnRate.Sample(_server.Loop.Figures.Turns, now);
        statistics.TurnDuration.Sample(_server.Loop.Figures.DurationMicros, _server.Loop.Figures.Turns);
    }

    private void LookAfter(Client client)
    {
        // Who waits to be told something is not idle, however long nothing happens.
        const ClientFlags waiting = ClientFlags.Blocked | ClientFlags.PubSub | ClientFlags.Monitor;
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed)) return;
        var timeout = _server.Config.TimeoutSeconds;
        if (timeout > 0 && !client.IsAny(waiting) && _server.Clock.NowMs - client.LastInteractionMs > timeout * 1000L)
        {
            _server.Log.Verbose("Closing idle client");
            _server.Clients.CloseAsap(client);
            return;
        }

        _server.Tls.LookAfter(client);
        _server.Replies.CheckLimit(client);
        _server.ReplyBuffers.Fit(client);
        if (client.Query.FreeBytes > 0 && _server.Clock.NowMs - client.LastInteractionMs > SilentMs) client.Query.Shrink();
    }
}
