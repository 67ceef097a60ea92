using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using KestrelFree.Server.PubSub;

namespace KestrelFree.Server.Acl;

// All users of the server. A client holds its User; changes are made to a copy first and then adopted whole, so that a refused rule leaves
// nothing behind and a client's next request is judged by the new rights. The default user is never another object: it is who every new
// connection is.
//
// Whoever loses its user, or a channel that it subscribes to, is disconnected: it would go on receiving what it may not see. A loss of other
// rights shows with the next request.

/// <summary>The users by name. Look-up is O(1).</summary>
internal sealed class UserRegistry
{
    private readonly RedisServer _server;
    private readonly Dictionary<byte[], User> _byName = new(ByteKeys.Comparer);

    internal UserRegistry(RedisServer server, AclRules rules)
    {
        _server = server;
        Rules = rules;
        Default = NewDefault();
        _byName.Add(Default.Name, Default);
        SetDefaultPassword(server.Config.RequirePass);

        Superuser = rules.NewUser("(superuser)"u8);
        AclRules.OpenToAll(Superuser);
    }

    /// <summary>Who a new connection is.</summary>
    internal User Default { get; }

    /// <summary>Who the server itself is when it runs requests, from a file or a master; it has no rules and nobody can become it.</summary>
    internal User Superuser { get; }

    /// <summary>Applies rules.</summary>
    internal AclRules Rules { get; }

    /// <summary>How many there are.</summary>
    internal int Count => _byName.Count;

    /// <summary>The users in the order of their names' bytes. O(n log n).</summary>
    internal IEnumerable<User> InOrder => _byName.Values.OrderBy(user => user.Name, Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)));

    /// <summary>The users as lines of the configuration, without the word user.</summary>
    internal IEnumerable<string> Lines => InOrder.Select(user => $"{user.DisplayName} {AclDescription.Of(user)}");

    /// <summary>Finds a user by name, or null.</summary>
    internal User? Find(ReadOnlySpan<byte> name) => _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var user) ? user : null;

    /// <summary>A user as the default one is without any configuration.</summary>
    internal User NewDefault()
    {
        var user = Rules.NewUser("default"u8);
        AclRules.OpenToAll(user);
        return user;
    }

    /// <summary>requirepass: the only password of the default user; none when it is empty.</summary>
    internal void SetDefaultPassword(ReadOnlySpan<byte> password)
    {
        Default.ResetPasswords();
        if (password.IsEmpty) Default.AllowAnyPassword();
        else Default.AddPassword(PasswordHash.Of(password));
    }

    /// <summary>Makes a client a user if the password is right, and logs it if it is not.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">Whom it wants to be.</param>
    /// <param name="password">The password.</param>
    /// <param name="word">The command's name as it was sent.</param>
    internal bool TryAuthenticate(Client client, ReadOnlySpan<byte> name, ReadOnlySpan<byte> password, ReadOnlySpan<byte> word)
    {
        // Hashed first, so that the time does not tell whether there is such a user.
        var hash = PasswordHash.Of(password);
        if (Find(name) is { } user && user.Accepts(hash))
        {
            client.User = user;
            client.IsAuthenticated = true;
            return true;
        }

        _server.AclLog.AddFailedAuth(client, name, word);
        return false;
    }

    /// <summary>Makes a client who it was when it connected.</summary>
    internal void SetDefaultUser(Client client)
    {
        client.User = Default;
        client.IsAuthenticated = Default.IsOpen;
    }

    /// <summary>
    /// Applies rules to a user, which is made if there is none of that name; gives the reason when one is refused, and nothing has changed then.
    /// </summary>
    internal string? TrySet(ReadOnlySpan<byte> name, IReadOnlyList<byte[]> words)
    {
        if (AclRules.Join(words, out var unclosed) is not { } rules) return $"Unmatched parenthesis in acl selector starting at '{ByteText.From(words[unclosed])}'.";
        var known = Find(name);
        var staged = known?.Copy() ?? Rules.NewUser(name);
        foreach (var rule in rules)
        {
            if (Rules.Apply(staged, rule) is var fault && fault != AclFault.None)
                return $"Error in ACL SETUSER modifier '{ByteText.From(rule)}': {AclRules.Describe(fault)}";
        }

        if (known is null) _byName.Add(staged.Name, staged);
        else Replace(known, staged);
        return null;
    }

    /// <summary>Removes a user and disconnects whoever is it; false when there is none.</summary>
    internal bool Remove(ReadOnlySpan<byte> name)
    {
        if (Find(name) is not { } user) return false;
        _byName.Remove(user.Name);
        foreach (var client in ClientsOf(user)) Disconnect(client);
        return true;
    }

    /// <summary>ACL LOAD: these are all users from now on. Who stays the same user stays connected.</summary>
    internal void ReplaceAll(IReadOnlyDictionary<byte[], User> users)
    {
        foreach (var user in _byName.Values.ToArray())
        {
            if (users.TryGetValue(user.Name, out var loaded)) Replace(user, loaded);
            else if (user == Default) Replace(user, NewDefault());
            else Remove(user.Name);
        }

        foreach (var user in users.Values) _byName.TryAdd(user.Name, user);
    }

    private void Replace(User user, User by)
    {
        if (_server.Subscriptions.ClientCount != 0) DisconnectRevoked(user, by);
        user.Adopt(by);
    }

    private void DisconnectRevoked(User user, User by)
    {
        if (by.Selectors.Any(selector => selector.HasAllChannels)) return;
        foreach (var client in ClientsOf(user))
        {
            if (client.Subscriptions is { Total: > 0 } subscriptions && !IsAllowed(subscriptions, by)) Disconnect(client);
        }
    }

    private static bool IsAllowed(ClientSubscriptions subscriptions, User user) =>
        subscriptions.Of(ChannelKind.Channel).Concat(subscriptions.Of(ChannelKind.Shard)).All(channel => user.Selectors.Any(selector => selector.AllowsChannel(channel.Name)))
        && subscriptions.Of(ChannelKind.Pattern).All(pattern => user.Selectors.Any(selector => selector.AllowsChannelPattern(pattern.Name)));

    private List<Client> ClientsOf(User user)
    {
        var clients = new List<Client>();
        for (var client = _server.Clients.Oldest; client is not null; client = client.Next)
        {
            if (client.User == user) clients.Add(client);
        }

        return clients;
    }

    // Nobody should go on being a user that is gone, even until the connection is closed, nor be served what he waits for. The client whose request
    // this is gets its reply first.
    private void Disconnect(Client client)
    {
        client.User = Default;
        client.IsAuthenticated = false;
        if (client == _server.Requests.Current)
        {
            client.Flags |= ClientFlags.CloseAfterReply;
            return;
        }

        _server.Blocked.Forget(client);
        _server.Clients.CloseAsap(client);
    }
}
