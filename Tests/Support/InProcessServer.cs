using System.Net;
using KestrelFree.Server;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Networking;

namespace KestrelFree.Tests.Support;

/// <summary>A server in this process, on a thread of its own and a free loopback port: real bytes, no executable.</summary>
internal sealed class InProcessServer : IDisposable
{
    private readonly Thread _thread;

    /// <summary>Starts a server with directives set on top of the defaults.</summary>
    public InProcessServer(params IReadOnlyList<(string Name, string Value)> directives)
    {
        var config = new ServerConfig();

        // What it saves would be in the folder of the tests.
        config.Set("save", [""]);
        foreach (var (name, value) in directives)
        {
            if (config.Set(name, value.Split(' ')) is { } refusal) throw new ArgumentException($"{name} {value}: {refusal}", nameof(directives));
        }

        Server = new RedisServer(config, ServerLog.Silent);
        const int Any = ListenSettings.AnyPort;
        var isEncrypted = config.TlsCertFile.Length > 0;
        if (isEncrypted && !Server.Tls.Configure()) throw new InvalidOperationException("the certificates are no good");
        if (!Server.Listen(new ListenSettings { Ports = new ListenPorts(Any, isEncrypted ? Any : 0, Any), Bind = ["127.0.0.1"] }))
            throw new InvalidOperationException("the server does not listen");
        EndPoint = new IPEndPoint(IPAddress.Loopback, Server.Listeners!.BoundPort);
        _thread = new Thread(Server.Run) { IsBackground = true, Name = "in-process server" };
        _thread.Start();
    }

    /// <summary>The server; its state belongs to its own thread, see <see cref="OnLoop"/>.</summary>
    public RedisServer Server { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where encrypted connections are taken, if certificates were given.</summary>
    public IPEndPoint TlsEndPoint => new(IPAddress.Loopback, Server.Listeners!.BoundTlsPort);

    /// <summary>Where metrics are scraped.</summary>
    public IPEndPoint MetricsEndPoint => new(IPAddress.Loopback, Server.Listeners!.BoundMetricsPort);

    /// <summary>Connects a client.</summary>
    public RawConnection Connect() => new(EndPoint);

    /// <summary>Runs code on the server's thread and returns what it returned.</summary>
    public T OnLoop<T>(Func<T> code)
    {
        var result = new TaskCompletionSource<T>();
        Server.Loop.Post(() => result.SetResult(code()));
        return result.Task.Wait(Eventually.Patience) ? result.Task.Result : throw new TimeoutException("The loop did not answer.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // An encrypted connection may be closed by the loop's thread alone.
        Server.Loop.Post(() =>
        {
            Server.Clients.FreeAll();
            Server.Loop.Stop();
        });
        _thread.Join();
        Server.Dispose();
    }
}
