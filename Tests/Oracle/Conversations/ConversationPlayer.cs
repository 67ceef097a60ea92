using System.Net.Sockets;
using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle.Conversations;

// How it is known that a request has had all its effects, though it may have no reply and others may hear of it: a further client asks for a PING
// three times. The server has learned of the request before the first of them, so it has run both in one turn at the latest; what it has written
// to anybody in that turn has arrived when the reply to the last has.

/// <summary>Plays conversations to one server.</summary>
internal sealed partial class ConversationPlayer : IDisposable
{
    /// <summary>What the further client says.</summary>
    public const string Sentinel = "sentinel";

    // So that the numbers of clients are none that other replies contain.
    private const int LeastClientId = 300;

    private readonly ServerProcess _server;
    private readonly RawConnection _observer;
    private readonly Dictionary<string, RawConnection> _clients = [];
    private readonly Dictionary<string, string> _ids = [];
    private readonly Dictionary<string, string> _addresses = [];

    public ConversationPlayer(ServerProcess server)
    {
        _server = server;
        _observer = server.Connect();
        for (var id = 0; id < LeastClientId;)
        {
            using var client = server.Connect();
            id = int.Parse(client.Ask("CLIENT", "ID").AsSpan(1));
        }
    }

    /// <summary>What every client has heard behind each request, cut into frames (see <see cref="ConversationRules"/>), with the clients' numbers as {a}.</summary>
    public IReadOnlyList<IReadOnlyList<string>[]> Play(Script script)
    {
        Begin();
        return [.. script.Requests.Select(Heard)];
    }

    public void Dispose()
    {
        Leave();
        _observer.Dispose();
    }

    private void Begin()
    {
        Leave();

        // Who is held must not go on when the pause ends: it may have asked for another one since.
        _observer.Ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        _observer.Ask("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes");
        _observer.Ask("CLIENT", "UNPAUSE");
        _observer.Ask("CONFIG", "SET", "notify-keyspace-events", "KEA", "slowlog-log-slower-than", "0", "slowlog-max-len", "1000");
        _observer.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        _observer.Ask("FLUSHALL");
        _observer.Ask("CONFIG", "RESETSTAT");
        _observer.Ask("SLOWLOG", "RESET");
        foreach (var name in ConversationDraw.Clients)
        {
            _clients[name] = _server.Connect();
            _ids[name] = _clients[name].Ask("CLIENT", "ID")[1..];
            _addresses[name] = _clients[name].LocalAddress;
        }
    }

    private void Leave()
    {
        foreach (var client in _clients.Values) client.Dispose();
        _clients.Clear();
    }

    private IReadOnlyList<string>[] Heard(IReadOnlyList<string> request)
    {
        string[] words = [.. request.Skip(1).Select(Word)];
        if (_clients.TryGetValue(request[0], out var speaker)) Send(speaker, words);
        for (var i = 0; i < 3; i++) _observer.Ask("PING", Sentinel);
        return [.. ConversationDraw.Clients.Select(Heard)];
    }

    private string Word(string word) => !word.StartsWith('{') ? word : word[1] == '@' ? _addresses[word[2..^1]] : _ids[word[1..^1]];

    private static void Send(RawConnection speaker, string[] words)
    {
        try
        {
            speaker.SendRequest(words);
        }
        catch (SocketException)
        {
            // The server hung up; what is heard says so.
        }
    }

    private IReadOnlyList<string> Heard(string name)
    {
        if (!_clients.TryGetValue(name, out var client)) return [];
        var bytes = client.ReadAvailable(out var isClosed);
        string[] frames = [.. ConversationRules.Frames(ByteText.Text(bytes)).Select(frame => Numbers().Replace(frame, WithName))];
        if (!isClosed) return frames;
        _clients.Remove(name);
        client.Dispose();
        return [.. frames, "closed"];
    }

    private string WithName(Match match) => _ids.FirstOrDefault(entry => entry.Value == match.Groups[2].Value).Key is { } name ? $"{match.Groups[1]}{{{name}}}" : match.Value;

    [GeneratedRegex(@"(:|id=|redir=)(\d+)")]
    private static partial Regex Numbers();
}
