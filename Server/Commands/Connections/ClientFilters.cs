using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>
/// The filters of CLIENT KILL and CLIENT LIST, all of which a client has to fit. Those that were not given fit everybody; of one that is given
/// twice the last counts.
/// </summary>
internal struct ClientFilters
{
    private static readonly byte[][] ListNames =
    [
        .. "id type user skipme maxage addr laddr idle db name lib-name lib-ver flags ip capa".Split(' ').Select(Encoding.ASCII.GetBytes),
    ];

    private string? _address;
    private string? _localAddress;
    private ClientType? _type;
    private User? _user;
    private long _id;
    private long _maxAgeSeconds;
    private byte[]? _name;
    private byte[]? _libraryName;
    private byte[]? _libraryVersion;
    private string? _flags;
    private string? _ip;
    private long? _database;
    private long _idleSeconds;
    private bool _asksForCapabilities;

    /// <summary>Whether the calling client fits none.</summary>
    internal bool SkipCaller { get; set; }

    /// <summary>The filter of CLIENT KILL's old form: a client of this address.</summary>
    internal static ClientFilters OfAddress(ReadOnlySpan<byte> address) => new() { _address = Encoding.Latin1.GetString(address) };

    /// <summary>Reads a filter that both commands have had since Redis 7.4, or replies what is wrong with it.</summary>
    internal bool TryReadOrReply(Client client, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value)
    {
        if (option.Is("id"u8)) return TryIdOrReply(client, value);
        if (option.Is("type"u8)) return TryTypeOrReply(client, value);
        if (option.Is("user"u8)) return TryUserOrReply(client, value);
        if (option.Is("skipme"u8)) return TrySkipMeOrReply(client, value);
        if (option.Is("maxage"u8)) return TryMaxAgeOrReply(client, value);
        if (option.Is("addr"u8)) _address = Encoding.Latin1.GetString(value);
        else if (option.Is("laddr"u8)) _localAddress = Encoding.Latin1.GetString(value);
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    /// <summary>Whether CLIENT LIST has a filter of this name.</summary>
    internal static bool IsOfList(ReadOnlySpan<byte> option)
    {
        foreach (var name in ListNames)
        {
            if (option.Is(name)) return true;
        }

        return false;
    }

    /// <summary>The same, for CLIENT LIST, which knows the filters of Valkey 9 as well.</summary>
    internal bool TryReadOfListOrReply(Client client, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value)
    {
        if (option.Is("idle"u8)) return TryIdleOrReply(client, value);
        if (option.Is("db"u8)) return TryDatabaseOrReply(client, value);
        if (option.Is("name"u8)) _name = value.ToArray();
        else if (option.Is("lib-name"u8)) _libraryName = value.ToArray();
        else if (option.Is("lib-ver"u8)) _libraryVersion = value.ToArray();
        else if (option.Is("flags"u8)) _flags = Encoding.Latin1.GetString(value);
        else if (option.Is("ip"u8)) _ip = Encoding.Latin1.GetString(value);
        else if (option.Is("capa"u8)) _asksForCapabilities = value.Length != 0;
        else return TryReadOrReply(client, option, value);
        return true;
    }

    /// <summary>Whether a client is meant.</summary>
    internal readonly bool Fit(Client caller, Client candidate)
    {
        if (SkipCaller && candidate == caller) return false;
        if (_id != 0 && candidate.Id != _id) return false;
        if (_type is { } type && ClientTypes.Of(candidate) != type) return false;
        if (_user is { } user && candidate.User != user) return false;
        if (_address is { } address && candidate.Address != address) return false;
        if (_localAddress is { } local && candidate.LocalAddress != local) return false;
        var now = caller.Server.Clock.NowMs;
        if (_maxAgeSeconds != 0 && (now - candidate.CreatedMs) / 1000 < _maxAgeSeconds) return false;
        return (now - candidate.LastInteractionMs) / 1000 >= _idleSeconds && FitsDescription(candidate);
    }

    // No client tells of capabilities: CLIENT CAPA is for servers that redirect.
    private readonly bool FitsDescription(Client candidate)
    {
        if (_name is { } name && !candidate.Name.AsSpan().SequenceEqual(name)) return false;
        if (_libraryName is { } library && !candidate.LibraryName.AsSpan().SequenceEqual(library)) return false;
        if (_libraryVersion is { } version && !candidate.LibraryVersion.AsSpan().SequenceEqual(version)) return false;
        if (_database is { } database && candidate.Database.Index != database) return false;
        if (_ip is { } ip && candidate.Address[..Math.Max(0, candidate.Address.LastIndexOf(':'))].Trim('[', ']') != ip) return false;
        return !_asksForCapabilities && (_flags is not { } flags || flags.All(ClientDescription.FlagLetters(candidate).Contains));
    }

    private bool TryIdOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (Numbers.TryParseInteger(value, out _id) && _id > 0) return true;
        client.Reply.Error("ERR client-id should be greater than 0"u8);
        return false;
    }

    private bool TryMaxAgeOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out _maxAgeSeconds, "ERR maxage is not an integer or out of range"u8)) return false;
        if (_maxAgeSeconds > 0) return true;
        client.Reply.Error("ERR maxage should be greater than 0"u8);
        return false;
    }

    private bool TryIdleOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out _idleSeconds, "ERR idle is not an integer or out of range"u8)) return false;
        if (_idleSeconds > 0) return true;
        client.Reply.Error("ERR idle should be greater than 0"u8);
        return false;
    }

    private bool TryDatabaseOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out var index, "ERR DB is not an integer or out of range"u8)) return false;
        _database = index;
        if (index >= 0 && index < client.Server.Keyspace.DatabaseCount) return true;
        client.Reply.Error("ERR DB index is out of range"u8);
        return false;
    }

    private bool TryTypeOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (!ClientTypes.TryParseOrReply(client, value, out var type)) return false;
        _type = type;
        return true;
    }

    private bool TryUserOrReply(Client client, ReadOnlySpan<byte> name)
    {
        _user = client.Server.Users.Find(name);
        if (_user is not null) return true;
        client.Reply.Error([.. "ERR No such user '"u8, .. name, (byte)'\'']);
        return false;
    }

    private bool TrySkipMeOrReply(Client client, ReadOnlySpan<byte> value)
    {
        SkipCaller = value.Is("yes"u8);
        if (SkipCaller || value.Is("no"u8)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }
}
