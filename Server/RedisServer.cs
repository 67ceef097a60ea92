using System.Net.Sockets;
using System.Security.Cryptography;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;
using KestrelFree.Server.Metrics;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Notifications;
using KestrelFree.Server.Persistence;
using KestrelFree.Server.PubSub;
using KestrelFree.Server.Tls;
using KestrelFree.Server.Tracking;
using KestrelFree.Server.Transactions;
using KestrelFree.Storage;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Server;

// The parts of a server and how they hang together; nothing here decides anything.
//
// Everything runs on the thread that calls Run: sockets, commands, timers, the keyspace. Other threads reach it through Loop.Post alone.
// Reading order: EventLoop turns; RequestPump receives and parses; Dispatch admits; Call executes a handler of Commands/; the handler works
// on the Keyspace and writes to the client's Reply; BeforeSleep sends.

/// <summary>A server: composed of its parts, run by one thread.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly ServerMeters _meters;

    /// <summary>Composes a server; nothing listens until <see cref="Listen"/>.</summary>
    internal RedisServer(ServerConfig config, ServerLog log)
    {
        Config = config;
        Log = log;
        Observer = new KeyspaceObserver(config);
        Loop = new EventLoop((Loop.EventBackend)config.EventBackend);
        Keyspace = new Keyspace(new KeyspaceOptions
        {
            Databases = config.Databases,
            Clock = Clock,
            Events = Observer,
            HugePages = config.DisableThp ? HugePages.Off : HugePages.Advise,
        });
        Commands = new CommandTable(CommandFamilies.All);
        foreach (var renamed in config.RenamedCommands) Commands.Rename(renamed.Command, renamed.NewName);
        AclLog = new AclLog(this);
        var rules = new AclRules(Commands, config, log);
        Users = new UserRegistry(this, rules);
        AclFile = new AclFile(this, rules);
        Access = new AccessCheck(this);
        Dispatch = new Dispatch(this, Commands);
        Requests = new RequestPump(this);
        Replies = new ReplySender(this);
        Clients = new ClientRegistry(this);
        Tls = new TlsServer(this);
        Blocked = new BlockedClients(this);
        KeyWaits = new KeyWaits(this);
        Watches = new WatchedKeys(Keyspace);
        Pushes = new PushedMessages(this);
        Subscriptions = new Subscriptions(this);
        Propagation = new Propagation(this);
        Observer.Propagation = Propagation;
        Observer.KeyWaits = KeyWaits;
        Observer.Watches = Watches;
        Observer.Notifications.Receiver = Subscriptions;
        Notify(config.NotifyKeyspaceEvents);
        SlowCommands = new SlowCommands(this);
        Slowlog = new Slowlog(this);
        Latency = new LatencyMonitor(this);
        Stalls = new LoopStalls(this);
        Monitors = new Monitors(this);
        Pause = new ClientPause(this);
        Tracking = new ClientSideCaching(this);
        ClientMemory = new ClientMemory(this);
        ClientMemory.FollowConfig();
        Observer.Tracking = Tracking;
        Observer.Requests = Requests;
        Shutdown = new ShutdownSequence(this);
        Snapshots = new SnapshotWriter(Loop, Keyspace, Statistics, Latency, log);
        Saves = new RdbSaves(this);
        Loader = new DatasetLoader(this);
        Aof = new AppendOnlyFile(this);
        Cron = new ServerCron(this);
        Expiry = new ActiveExpireCycle(this);
        Memory = new MemoryLimit(this);
        StartedMs = Clock.NowMs;
        MemoryAtStart = Keyspace.Memory.UsedBytes;
        Metrics = new MetricsEndpoint(this);
        _meters = new ServerMeters(this);
        ConnectLoop();
    }

    /// <summary>What the running SORT sorts.</summary>
    internal SortVector SortVector { get; } = new();

    /// <summary>The configuration, as CONFIG SET leaves it.</summary>
    internal ServerConfig Config { get; }

    /// <summary>The log.</summary>
    internal ServerLog Log { get; }

    /// <summary>The loop that turns everything.</summary>
    internal EventLoop Loop { get; }

    /// <summary>The time that commands see.</summary>
    internal ServerClock Clock { get; } = new();

    /// <summary>All databases.</summary>
    internal Keyspace Keyspace { get; }

    /// <summary>Receives every change of the keyspace.</summary>
    internal KeyspaceObserver Observer { get; }

    /// <summary>The commands.</summary>
    internal CommandTable Commands { get; }

    /// <summary>The users.</summary>
    internal UserRegistry Users { get; }

    /// <summary>Tells what they may do.</summary>
    internal AccessCheck Access { get; }

    /// <summary>Remembers what they tried.</summary>
    internal AclLog AclLog { get; }

    /// <summary>Loads and saves them.</summary>
    internal AclFile AclFile { get; }

    /// <summary>Admits requests.</summary>
    internal Dispatch Dispatch { get; }

    /// <summary>Tells those who keep a copy of the data what commands do.</summary>
    internal Propagation Propagation { get; }

    /// <summary>Receives and parses requests.</summary>
    internal RequestPump Requests { get; }

    /// <summary>Sends replies.</summary>
    internal ReplySender Replies { get; }

    /// <summary>Fits clients' reply buffers to their answers.</summary>
    internal ReplyBufferSizes ReplyBuffers { get; } = new();

    /// <summary>The connected clients.</summary>
    internal ClientRegistry Clients { get; }

    /// <summary>Encrypts connections.</summary>
    internal TlsServer Tls { get; }

    /// <summary>The clients that wait in a command.</summary>
    internal BlockedClients Blocked { get; }

    /// <summary>Those of them that wait for keys.</summary>
    internal KeyWaits KeyWaits { get; }

    /// <summary>The transaction that ended last, for the next client that begins one; null while that has it.</summary>
    internal Transaction? SpareTransaction { get; set; }

    /// <summary>The keys that transactions depend on.</summary>
    internal WatchedKeys Watches { get; }

    /// <summary>Who subscribes to what.</summary>
    internal Subscriptions Subscriptions { get; }

    /// <summary>Delivers messages that were not asked for.</summary>
    internal PushedMessages Pushes { get; }

    /// <summary>Picks out the commands that took long.</summary>
    internal SlowCommands SlowCommands { get; }

    /// <summary>Remembers them.</summary>
    internal Slowlog Slowlog { get; }

    /// <summary>Remembers what blocked the loop.</summary>
    internal LatencyMonitor Latency { get; }

    /// <summary>Reports what held the loop up.</summary>
    internal LoopStalls Stalls { get; }

    /// <summary>The clients that are shown every command.</summary>
    internal Monitors Monitors { get; }

    /// <summary>Holds commands back for a time.</summary>
    internal ClientPause Pause { get; }

    /// <summary>Tells clients when what they have cached changes.</summary>
    internal ClientSideCaching Tracking { get; }

    /// <summary>Keeps the clients' memory within its limit.</summary>
    internal ClientMemory ClientMemory { get; }

    /// <summary>Ends the server.</summary>
    internal ShutdownSequence Shutdown { get; }

    /// <summary>What runs on forks of the keyspace.</summary>
    internal SnapshotWriter Snapshots { get; }

    /// <summary>Where files change their names.</summary>
    internal FileSteps FileSteps { get; } = new();

    /// <summary>Writes effects to disk.</summary>
    internal AppendOnlyFile Aof { get; }

    /// <summary>Saves the data set.</summary>
    internal RdbSaves Saves { get; }

    /// <summary>Loads the data set.</summary>
    internal DatasetLoader Loader { get; }

    /// <summary>The periodic work.</summary>
    internal ServerCron Cron { get; }

    /// <summary>Deletes keys past their time.</summary>
    internal ActiveExpireCycle Expiry { get; }

    /// <summary>Holds the data set within maxmemory.</summary>
    internal MemoryLimit Memory { get; }

    /// <summary>Answers scrapes.</summary>
    internal MetricsEndpoint Metrics { get; }

    /// <summary>What the server counts of itself.</summary>
    internal ServerStatistics Statistics { get; } = new();

    /// <summary>Writes DUMP's payloads.</summary>
    internal DumpPayload Dumps { get; } = new();

    /// <summary>Where clients' buffers come from.</summary>
    internal BufferPool Buffers { get; } = new();

    /// <summary>What idle clients receive into.</summary>
    internal ReceiveBuffer ReceiveBuffer { get; } = new();

    /// <summary>The listening sockets; null before <see cref="Listen"/>.</summary>
    internal ListenerSet? Listeners { get; private set; }

    /// <summary>The init system that supervises the process, if any.</summary>
    internal Supervisor? Supervisor { get; set; }

    /// <summary>The port that clients connect to: the configured one, or what the OS gave for port 0 in tests.</summary>
    internal int Port => Config.Port != 0 ? Config.Port : Config.TlsPort != 0 ? Config.TlsPort : Listeners?.BoundPort ?? 0;

    /// <summary>Identifies this run of the server.</summary>
    internal string RunId { get; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    /// <summary>Identifies the history that this server's data is part of.</summary>
    internal string ReplicationId { get; private set; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    /// <summary>When the server started, in Unix milliseconds.</summary>
    internal long StartedMs { get; }

    /// <summary>What the empty data set takes, in bytes.</summary>
    internal long MemoryAtStart { get; }

    /// <summary>Begins another history, as far as replicas are concerned.</summary>
    internal void ChangeReplicationId() => ReplicationId = RandomNumberGenerator.GetHexString(40, lowercase: true);

    /// <summary>Follows notify-keyspace-events.</summary>
    internal void Notify(NotifyClasses classes)
    {
        Observer.Notifications.Enable(classes);
        Keyspace.TellsMisses = (Observer.Notifications.Classes & NotifyClasses.KeyMiss) != 0;
        Keyspace.TellsAdditions = (Observer.Notifications.Classes & NotifyClasses.New) != 0;
    }

    /// <summary>Opens the listening sockets; false (and logged) when one that is required cannot be opened.</summary>
    internal bool Listen(ListenSettings settings)
    {
        Listeners = new ListenerSet(Loop, Log, settings, Accept);
        return Listeners.Open();
    }

    /// <summary>Serves on the calling thread until a shutdown.</summary>
    internal void Run() => Loop.Run();

    /// <inheritdoc/>
    public void Dispose()
    {
        Aof.FlushNow();
        Replies.SendPending();
        Clients.FreeAll();
        Metrics.CloseAll();
        _meters.Dispose();
        Aof.Dispose();
        Snapshots.Dispose();
        Listeners?.Dispose();
        Loop.Dispose();
    }

    private void Accept(Socket connection, Listener listener)
    {
        if (listener.Kind == ListenerKind.Metrics) Metrics.Accept(connection);
        else Clients.Accept(connection, listener);
    }

    private void ConnectLoop()
    {
        Loop.BeforeSleep = new BeforeSleep(this).Run;
        Loop.AfterSleep = () => Stalls.BeginTurn(Clock.Synchronize());
        Loop.AddTimer(1, Cron.Run);
    }
}
