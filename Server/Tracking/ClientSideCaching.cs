using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;
using KestrelFree.Server.PubSub;
using KestrelFree.Storage;

namespace KestrelFree.Server.Tracking;

// CLIENT TRACKING: clients that cache what they read are told when it changes.
//
//     default        a command of the client reads a key   -> TrackedKeys: key -> client
//                    the key changes, expires, is evicted   -> "invalidate [key]", and the key leaves the table
//     broadcasting   a key with one of its prefixes changes -> collected, and told once a turn, all keys of a prefix in one message
//     a flush        -> "invalidate null" to everybody who tracks
//
// The message is a RESP3 push to the client, or to the one that it redirects to: as a push if that speaks RESP3, else as a message of the channel
// __redis__:invalidate if it subscribes to anything. Otherwise there is no way to tell, and nothing is sent. A client whose redirection is gone is
// told so instead.
//
// What a client has changed itself is told when its request has replied, a transaction's behind EXEC's reply: behind the request's own events and
// published messages, be it told or the one that it redirects to, by the redirection and the protocol as they are then. Others are told at once,
// before the events of the change, but not within their own replies (see PushedMessages).
//
// While nobody tracks, a write pays one comparison.

/// <summary>Remembers what clients may have cached and tells them when it changes.</summary>
internal sealed class ClientSideCaching
{
    private const int KeysGivenUpAtOnce = 100;

    // The prefix with its lists, the entries of the table and of the client's set.
    private const int BytesOfPrefix = 400;

    private readonly RedisServer _server;
    private readonly BroadcastPrefixes _prefixes = new();
    private readonly HashSet<Client> _clients = [];
    private readonly List<FoundKey> _found = [];
    private readonly List<long> _holders = [];
    private readonly ChangedKeys _changed = new();

    // The keys that the running request's client has read and changed, in this order; null for all keys.
    private readonly List<byte[]?> _ownChanges = [];
    private readonly ReplyWriter _encoder;
    private TrackedKeys? _tracked;
    private long _ownRedirectId;
    private int _roundsOverLimit;

    internal ClientSideCaching(RedisServer server)
    {
        _server = server;
        _encoder = new ReplyWriter(new ReplyBuffer(server.Buffers));
    }

    /// <summary>Whether anybody tracks, or keys are remembered of those who did.</summary>
    internal bool IsActive { get; private set; }

    /// <summary>How many clients track.</summary>
    internal int ClientCount => _clients.Count;

    /// <summary>How many keys clients may hold.</summary>
    internal long KeyCount => _tracked?.KeyCount ?? 0;

    /// <summary>How many pairs of key and client that are.</summary>
    internal long PairCount => _tracked?.PairCount ?? 0;

    /// <summary>How many prefixes are told of.</summary>
    internal int PrefixCount => _prefixes.Count;

    /// <summary>Begins or changes a client's tracking.</summary>
    internal void Enable(Client client, TrackingOptions options, IReadOnlyList<byte[]> prefixes)
    {
        var tracking = client.Tracking ??= new ClientTracking();
        tracking.Options = options;
        tracking.IsRedirectBroken = false;
        _tracked ??= new TrackedKeys(_server.Clock, _server.Config.DisableThp ? HugePages.Off : HugePages.Advise);
        _clients.Add(client);
        IsActive = true;
        _server.Dispatch.FollowObservers();
        if (options.Mode != TrackingMode.Broadcast) return;
        foreach (var prefix in prefixes.Count == 0 ? [[]] : prefixes)
        {
            if (!tracking.Prefixes.Add(prefix)) continue;
            _prefixes.Add(client, prefix);
            tracking.PrefixBytes += BytesOfPrefix + prefix.Length;
        }
    }

    /// <summary>Ends a client's tracking; what is remembered of it goes when the keys change.</summary>
    internal void Disable(Client client)
    {
        if (client.Tracking is not { } tracking) return;
        foreach (var prefix in tracking.Prefixes) _prefixes.Remove(client, prefix);
        client.Tracking = null;
        _clients.Remove(client);
        LoseInterest();
    }

    /// <summary>Remembers the keys that a command has read, if its client wants to be told of them.</summary>
    internal void Remember(Client executing, Command command, in ArgVector args)
    {
        const CommandFlags judged = CommandFlags.ReadOnly | CommandFlags.PubSub;
        var client = _server.Requests.Current ?? executing;
        if ((command.Flags & judged) != CommandFlags.ReadOnly || client.Tracking is not { RemembersReads: true }) return;
        if (command.Spec.Keys is [{ Begin: BeginSearch.Index, Find: FindKeys.Range, LastKey: 0, Flags: var flags } only] && (flags & KeySpecFlags.VariableFlags) == 0)
        {
            _tracked!.Add(args[only.Index], client.Id);
            return;
        }

        _found.Clear();
        if (!KeyFinders.TryFind(command.Spec, args, _found)) return;
        foreach (var key in _found) _tracked!.Add(args[key.Index], client.Id);
    }

    /// <summary>Where the keys that a client reads are about to be remembered, so that they can be prefetched; null when they are not.</summary>
    internal TrackedKeys? TableFor(Client client) => client.Tracking is { RemembersReads: true } ? _tracked : null;

    /// <summary>Gives memory of the table back, in slices; true while there is more.</summary>
    internal bool RunMaintenance(long budgetMicros) => _tracked?.RunMaintenance(budgetMicros) ?? false;

    /// <summary>Tells who may hold a key that it has changed. O(holders), and for broadcasting O(lengths of prefixes).</summary>
    /// <param name="key">The key.</param>
    /// <param name="changer">Who changed it; null for expiry and eviction.</param>
    internal void Invalidate(ReadOnlySpan<byte> key, Client? changer)
    {
        if (_prefixes.Count != 0) _prefixes.Note(key, changer);
        if (KeyCount != 0) InvalidateTracked(key, Delivery.BehindReply);
    }

    /// <summary>Tells who may hold a key that it was evicted: before the reply to the command that room is made for, which has not begun.</summary>
    internal void InvalidateEvicted(ReadOnlySpan<byte> key)
    {
        if (_prefixes.Count != 0) _prefixes.Note(key, changer: null);
        if (KeyCount != 0) InvalidateTracked(key, Delivery.AtOnce);
    }

    /// <summary>Tells everybody who tracks that all keys are gone.</summary>
    internal void InvalidateAll()
    {
        if (!IsActive) return;
        _tracked!.Clear();
        foreach (var client in _clients.OrderBy(client => client.Id))
        {
            if (client == _server.Requests.Current) NoteOwnChange(client, key: null);
            else Send(client, Message.OfAllKeys(client.Reply.Version), Delivery.BehindReply);
        }

        LoseInterest();
    }

    /// <summary>Tells the running request's client, which has been replied to, of what it has changed itself.</summary>
    internal void TellOwnChanges(Client client)
    {
        if (_ownChanges.Count == 0) return;
        foreach (var key in _ownChanges)
        {
            var message = key is null ? Message.OfAllKeys(client.Reply.Version) : MessageOf(key);
            Send(client, client.Tracking?.Options.RedirectId ?? _ownRedirectId, message, Delivery.BehindReply);
        }

        _ownChanges.Clear();
        LoseInterest();
    }

    /// <summary>Tells broadcasting clients of the keys that have changed since; once a turn.</summary>
    internal void SendBroadcasts()
    {
        if (!_prefixes.HaveChanges) return;
        foreach (var prefix in _prefixes.TakeChanged())
        {
            prefix.Changed.Sort();
            var common = new Message(prefix.Changed);
            foreach (var client in prefix.Clients)
            {
                var isToldOwn = client.Tracking!.Options.Own == OwnChanges.Told;
                var message = isToldOwn ? common : new Message(prefix.Changed) { Untold = client.Id };
                if (message.KeyCount != 0) Send(client, message, Delivery.BehindReply);
            }

            prefix.Changed.Clear();
        }
    }

    /// <summary>
    /// Gives keys up while there are more than tracking-table-max-keys, telling who held them: a hundred at a time, more when that has not sufficed.
    /// </summary>
    internal void GiveUpKeys()
    {
        var limit = _server.Config.TrackingTableMaxKeys;
        var excess = limit == 0 ? 0 : KeyCount - limit;
        if (excess <= 0)
        {
            _roundsOverLimit = 0;
            return;
        }

        var allowed = KeysGivenUpAtOnce * ++_roundsOverLimit;
        for (var left = Math.Min(excess, allowed); left > 0 && _tracked!.DrawKey() is { } key; left--) InvalidateTracked(key, Delivery.AtOnce);
        if (excess <= allowed) _roundsOverLimit = 0;
    }

    /// <summary>Ends what CLIENT CACHING has said of one command.</summary>
    internal static void EndRequest(Client client)
    {
        if (client.Tracking is not { IsCachingGiven: true } tracking || client.Is(ClientFlags.Multi)) return;
        if (client.LastCommand?.FullName.StartsWith("client|", StringComparison.Ordinal) != true) tracking.IsCachingGiven = false;
    }

    private void InvalidateTracked(ReadOnlySpan<byte> key, Delivery delivery)
    {
        _holders.Clear();
        if (!_tracked!.Remove(key, _holders)) return;
        var message = MessageOf(key);
        foreach (var id in _holders) Tell(id, key, message, delivery);
        LoseInterest();
    }

    private Message MessageOf(ReadOnlySpan<byte> key)
    {
        _changed.Clear();
        _changed.Add(key, changer: 0);
        _changed.Sort();
        return new Message(_changed);
    }

    private void Tell(long id, ReadOnlySpan<byte> key, Message message, Delivery delivery)
    {
        if (_server.Clients.Find(id) is not { Tracking: { } tracking } client || tracking.Options.Mode == TrackingMode.Broadcast) return;
        var current = _server.Requests.Current;
        if (tracking.Ignores(client, current)) return;
        if (client == current && delivery == Delivery.BehindReply) NoteOwnChange(client, key.ToArray());
        else Send(client, message, delivery);
    }

    private void NoteOwnChange(Client client, byte[]? key)
    {
        _ownRedirectId = client.Tracking!.Options.RedirectId;
        _ownChanges.Add(key);
    }

    private void Send(Client client, Message message, Delivery delivery) => Send(client, client.Tracking!.Options.RedirectId, message, delivery);

    private void Send(Client client, long redirectId, Message message, Delivery delivery)
    {
        var target = redirectId == 0 ? client : _server.Clients.Find(redirectId);
        if (target is null)
        {
            if (client.Tracking is { } tracking) tracking.IsRedirectBroken = true;
            if (client.Reply.Version == 3) Deliver(client, EncodeBroken(redirectId), delivery);
        }
        else if (target.Reply.Version == 3)
        {
            Deliver(target, message.Push ??= EncodePush(message), delivery);
        }
        else if (redirectId != 0 && target.Is(ClientFlags.PubSub))
        {
            Deliver(target, message.Channel ??= EncodeChannelMessage(message), delivery);
        }
    }

    private void Deliver(Client target, SharedReply encoded, Delivery delivery)
    {
        // What a client that wants no replies is sent at once would be taken back with the reply.
        var isAtOnce = delivery == Delivery.AtOnce && !target.IsSilent;
        if (isAtOnce) _server.Pushes.PushAtOnce(target, encoded);
        else _server.Pushes.Push(target, encoded);
    }

    private SharedReply EncodePush(Message message)
    {
        _encoder.Version = 3;
        _encoder.PushHeader(2);
        _encoder.Bulk("invalidate"u8);
        return EncodeKeys(message);
    }

    private SharedReply EncodeChannelMessage(Message message)
    {
        _encoder.Version = 2;
        _encoder.PushHeader(3);
        _encoder.Bulk("message"u8);
        _encoder.Bulk("__redis__:invalidate"u8);
        return EncodeKeys(message);
    }

    // A null is the one of the client that tracks, as in Redis, but never one that the receiver could not read.
    private SharedReply EncodeKeys(Message message)
    {
        if (message.Keys is not { } keys)
        {
            _encoder.Version = Math.Min(_encoder.Version, message.NullVersion);
            _encoder.Null();
            return _encoder.Buffer.ToShared();
        }

        _encoder.ArrayHeader(message.KeyCount);
        for (var place = 0; place < keys.Count; place++)
        {
            if (message.Tells(place)) _encoder.Bulk(keys.Key(place));
        }

        return _encoder.Buffer.ToShared();
    }

    private SharedReply EncodeBroken(long redirectId)
    {
        _encoder.Version = 3;
        _encoder.PushHeader(2);
        _encoder.Bulk("tracking-redir-broken"u8);
        _encoder.Integer(redirectId);
        return _encoder.Buffer.ToShared();
    }

    private void LoseInterest()
    {
        if (_clients.Count != 0 || KeyCount != 0 || _ownChanges.Count != 0) return;
        IsActive = false;
        _server.Dispatch.FollowObservers();
    }

    private enum Delivery
    {
        BehindReply,
        AtOnce,
    }

    /// <summary>What is told, in the encodings that were needed so far.</summary>
    private sealed class Message(ChangedKeys? keys)
    {
        internal ChangedKeys? Keys { get; } = keys;

        /// <summary>The number of the client whose own changes are left out; 0 for nobody's.</summary>
        internal long Untold { get; init; }

        internal int KeyCount => Untold == 0 ? Keys!.Count : CountTold();

        internal SharedReply? Push { get; set; }

        internal SharedReply? Channel { get; set; }

        internal int NullVersion { get; private init; }

        internal bool Tells(int place) => Untold == 0 || Keys!.Changer(place) != Untold;

        internal static Message OfAllKeys(int nullVersion) => new(keys: null) { NullVersion = nullVersion };

        private int CountTold()
        {
            var count = 0;
            for (var place = 0; place < Keys!.Count; place++)
            {
                if (Tells(place)) count++;
            }

            return count;
        }
    }
}
