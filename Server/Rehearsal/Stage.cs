using System.Buffers;
using System.Net.Sockets;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Config;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Rehearsals;

/// <summary>The server of a rehearsal, its two clients and the script that they follow.</summary>
internal sealed class Stage : IDisposable
{
    private const string Script = "rehearsal.txt";
    private const int TickMs = 1;
    private const char SecondClient = '>';

    // The whole script is played under the usual thresholds, then under these, so that every type is seen small and large.
    private static readonly string[][] LargeEncodings =
    [
        ["CONFIG", "SET", "hash-max-listpack-entries", "2", "set-max-listpack-entries", "2", "set-max-intset-entries", "2"],
        ["CONFIG", "SET", "zset-max-listpack-entries", "2", "list-max-listpack-size", "2", "stream-node-max-entries", "2"],
    ];

    private readonly RedisServer _server;
    private readonly Socket[] _seats = new Socket[2];
    private readonly Queue<(int Seat, byte[] Requests)> _scenes = [];
    private readonly byte[] _replies = new byte[1 << 16];

    internal Stage(string folder)
    {
        var config = new ServerConfig();
        config.Correct("dir", (object)folder);
        config.Set("save", "");
        config.Set("enable-debug-command", "yes");
        config.Set("latency-tracking", "yes");
        config.Set("notify-keyspace-events", "KEA");
        config.Set("disable-thp", "yes");
        _server = new RedisServer(config, ServerLog.Silent);
        _server.Aof.Folder.Root = folder;
        LiveSettings.ConnectData(_server);
        _scenes.Enqueue((0, CommandEncoder.Encode("CONFIG", "RESETSTAT")));
        ReadScript();
        foreach (var line in LargeEncodings) _scenes.Enqueue((0, CommandEncoder.Encode(line)));
        ReadScript();
        for (var seat = 0; seat < _seats.Length; seat++) _scenes.Enqueue((seat, CommandEncoder.Encode("QUIT")));
    }

    /// <summary>What the server counted.</summary>
    internal ServerStatistics Statistics => _server.Statistics;

    /// <summary>Plays the script on the calling thread.</summary>
    internal void Play()
    {
        for (var i = 0; i < _seats.Length; i++)
        {
            var (connection, seat) = SocketPair.OpenLoopback();
            connection.Blocking = seat.Blocking = false;
            _seats[i] = seat;
            _server.Clients.Accept(connection, listener: null);
        }

        _server.Loop.AddTimer(TickMs, Tick);
        _server.Run();
    }

    /// <summary>Ends the play; any thread may.</summary>
    internal void Leave() => _server.Loop.Stop();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var seat in _seats) seat?.Dispose();
        _server.Dispose();
    }

    private long Tick()
    {
        foreach (var seat in _seats) Drain(seat);
        if (IsPlaying()) return TickMs;
        if (_scenes.TryDequeue(out var scene)) _seats[scene.Seat].Send(scene.Requests);
        else if (_server.Clients.Count == 0) Leave();

        return TickMs;
    }

    // Whether the last scene goes on: in the background, or because not all of it has been executed. A client that waits for the other one does
    // not count.
    private bool IsPlaying()
    {
        if (_server.Saves.IsRunning || _server.Aof.Rewrites.IsRunning || _server.Loader.IsLoading) return true;
        for (var client = _server.Clients.Oldest; client is not null; client = client.Next)
        {
            if (!client.Is(ClientFlags.Blocked) && (client.Query.Length > 0 || client.Socket.Available > 0)) return true;
        }

        return false;
    }

    private void Drain(Socket seat)
    {
        while (seat.Receive(_replies, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
        {
        }
    }

    private void ReadScript()
    {
        using var stream = typeof(Stage).Assembly.GetManifestResourceStream(Script) ?? throw new InvalidOperationException($"{Script} is not embedded");
        using var reader = new StreamReader(stream);
        foreach (var scene in reader.ReadToEnd().Split("\n\n")) ReadScene(scene);
    }

    private void ReadScene(string scene)
    {
        var requests = new ArrayBufferWriter<byte>();
        var encoder = new CommandEncoder(requests);
        var seat = 0;
        foreach (var line in scene.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#') continue;
            seat = line[0] == SecondClient ? 1 : 0;
            var arguments = new List<byte[]>();
            if (!ArgumentSplitter.TrySplit(Encoding.UTF8.GetBytes(line[seat..]), arguments)) throw new InvalidOperationException($"unbalanced quotes in {line}");
            encoder.Begin(arguments.Count);
            foreach (var argument in arguments) encoder.Argument(argument);
        }

        if (requests.WrittenCount > 0) _scenes.Enqueue((seat, requests.WrittenSpan.ToArray()));
    }
}
