using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Acl;

/// <summary>A refusal, or several that are alike and not a minute apart.</summary>
internal sealed class AclLogEntry
{
    /// <summary>Its number.</summary>
    internal required long Id { get; init; }

    /// <summary>What was not allowed.</summary>
    internal required AclDenial Reason { get; init; }

    /// <summary>Where.</summary>
    internal required AclContext Context { get; init; }

    /// <summary>The command, key, channel or database.</summary>
    internal required byte[] Subject { get; init; }

    /// <summary>Who.</summary>
    internal required byte[] UserName { get; init; }

    /// <summary>When it first happened, in Unix milliseconds.</summary>
    internal required long CreatedMs { get; init; }

    /// <summary>When it last happened, in Unix milliseconds.</summary>
    internal long UpdatedMs { get; set; }

    /// <summary>How often.</summary>
    internal long Count { get; set; } = 1;

    /// <summary>The client that it last happened to, as CLIENT LIST shows it.</summary>
    internal string Client { get; set; } = "";
}

// What ACL LOG shows. A refusal like one of the newest ten is counted there, so that a client that tries again and again does not push
// everything else out. Passwords never get here: a failed AUTH is logged by the word that the client used and the user it wanted to be.

/// <summary>The latest refusals, and how many there were of each kind.</summary>
internal sealed class AclLog
{
    private const int ComparedEntries = 10;
    private const long MergedWithinMs = 60_000;

    private readonly RedisServer _server;
    private readonly LinkedList<AclLogEntry> _entries = new();
    private readonly long[] _denials = new long[(int)AclDenial.Database + 1];
    private long _nextId;

    internal AclLog(RedisServer server) => _server = server;

    /// <summary>The entries, the latest first.</summary>
    internal IReadOnlyCollection<AclLogEntry> Entries => _entries;

    /// <summary>How often something was refused for a reason, since CONFIG RESETSTAT.</summary>
    internal long CountOf(AclDenial reason) => _denials[(int)reason];

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => Array.Clear(_denials);

    /// <summary>ACL LOG RESET.</summary>
    internal void Clear() => _entries.Clear();

    /// <summary>Logs a refused request.</summary>
    internal void AddDenied(Client client, Command command, in ArgVector args, AclVerdict verdict, AclContext context)
    {
        var isNamed = verdict.Denial != AclDenial.Command && (verdict.Denial != AclDenial.Database || verdict.Argument != 0);
        var subject = isNamed ? args[verdict.Argument].ToArray() : Encoding.Latin1.GetBytes(command.FullName);
        Add(client, verdict.Denial, context, subject, client.User.Name);
    }

    /// <summary>Logs a failed authentication.</summary>
    /// <param name="client">Who failed.</param>
    /// <param name="user">Whom it wanted to be.</param>
    /// <param name="word">The command's name as it was sent.</param>
    internal void AddFailedAuth(Client client, ReadOnlySpan<byte> user, ReadOnlySpan<byte> word) =>
        Add(client, AclDenial.Auth, client.Is(ClientFlags.Multi) ? AclContext.Multi : AclContext.TopLevel, word.ToArray(), user.ToArray());

    private void Add(Client client, AclDenial reason, AclContext context, byte[] subject, byte[] user)
    {
        _denials[(int)reason]++;
        if (_server.Config.AclLogMaxLen == 0)
        {
            _entries.Clear();
            return;
        }

        var now = _server.Clock.NowMs;
        var place = FindAlike(reason, context, subject, user, now);
        if (place is null)
        {
            place = new LinkedListNode<AclLogEntry>(
                new AclLogEntry { Id = _nextId++, Reason = reason, Context = context, Subject = subject, UserName = user, CreatedMs = now });
        }
        else
        {
            place.Value.Count++;
            _entries.Remove(place);
        }

        place.Value.UpdatedMs = now;
        place.Value.Client = ClientDescription.Of(_server.Requests.Current ?? client);
        _entries.AddFirst(place);
        while (_entries.Count > _server.Config.AclLogMaxLen) _entries.RemoveLast();
    }

    private LinkedListNode<AclLogEntry>? FindAlike(AclDenial reason, AclContext context, byte[] subject, byte[] user, long now)
    {
        var place = _entries.First;
        for (var i = 0; place is not null && i < ComparedEntries; i++, place = place.Next)
        {
            var entry = place.Value;
            var isAlike = entry.Reason == reason && entry.Context == context && Math.Abs(now - entry.UpdatedMs) <= MergedWithinMs
                && subject.AsSpan().SequenceEqual(entry.Subject) && user.AsSpan().SequenceEqual(entry.UserName);
            if (isAlike) return place;
        }

        return null;
    }
}
