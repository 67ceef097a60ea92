using System.Buffers;
using System.Globalization;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>
/// The filters of CLIENT KILL and CLIENT LIST, all of which a client has to fit: those of Redis 7.4, and those of Valkey 9, most of which have an
/// opposite (NOT-NAME beside NAME). Of one that is given twice the last counts.
/// </summary>
internal sealed class ClientFilters
{
    private static readonly string[] Names =
        ["id", "type", "user", "skipme", "maxage", "addr", "laddr", "idle", "db", "name", "lib-name", "lib-ver", "flags", "ip", "capa"];

    private static readonly string[] WithoutOpposite = ["skipme", "maxage", "idle"];
    private static readonly SearchValues<char> FlagLetters = SearchValues.Create("OSMPxbtRBdcuAUreTIN");

    private readonly Dictionary<string, Predicate<Client>> _given = [];

    /// <summary>Whether the calling client fits none.</summary>
    internal bool SkipCaller { get; set; }

    /// <summary>The filter of CLIENT KILL's old form: a client of this address.</summary>
    internal static ClientFilters OfAddress(ReadOnlySpan<byte> address)
    {
        var filters = new ClientFilters();
        filters._given["addr"] = TextFilter(address, static client => client.Address);
        return filters;
    }

    /// <summary>Whether arguments are filters with their values; an ID takes all numbers behind it.</summary>
    internal static bool AreFilters(in ArgVector args, int from)
    {
        while (from < args.Count)
        {
            if (from + 1 == args.Count || !IsName(args[from])) return false;
            from += 1 + Math.Max(1, CountIds(args, from));
        }

        return true;
    }

    /// <summary>Whether there is a filter of this name.</summary>
    internal static bool IsName(ReadOnlySpan<byte> word)
    {
        var (name, isOpposite) = Split(word);
        return Names.Contains(name) && !(isOpposite && WithoutOpposite.Contains(name));
    }

    /// <summary>Reads arguments to their end, or replies what is wrong with the first that is.</summary>
    internal bool TryReadOrReply(Client client, in ArgVector args, int from)
    {
        while (from < args.Count)
        {
            if (from + 1 == args.Count || !IsName(args[from]))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            var values = Math.Max(1, CountIds(args, from));
            if (!TryOneOrReply(client, args, from, values)) return false;
            from += 1 + values;
        }

        return true;
    }

    /// <summary>Whether a client is meant.</summary>
    internal bool Fit(Client caller, Client candidate)
    {
        if (SkipCaller && candidate == caller) return false;
        foreach (var filter in _given.Values)
        {
            if (!filter(candidate)) return false;
        }

        return true;
    }

    private static (string Name, bool IsOpposite) Split(ReadOnlySpan<byte> word)
    {
        var name = Encoding.Latin1.GetString(word).ToLowerInvariant();
        return name.StartsWith("not-", StringComparison.Ordinal) ? (name[4..], true) : (name, false);
    }

    /// <summary>How many numbers follow an ID or NOT-ID; 0 for other filters.</summary>
    private static int CountIds(in ArgVector args, int at)
    {
        var end = at + 1;
        if (Split(args[at]).Name != "id") return 0;
        while (end < args.Count && Numbers.TryParseInteger(args[end], out _)) end++;
        return end - at - 1;
    }

    private bool TryOneOrReply(Client client, in ArgVector args, int at, int values)
    {
        var (name, isOpposite) = Split(args[at]);
        var value = args[at + 1];
        if (name == "skipme") return TrySkipMeOrReply(client, value);
        var filter = name switch
        {
            "id" => IdsOrReply(client, args, at + 1, values),
            "type" => ClientTypes.TryParseOrReply(client, value, out var type) ? candidate => ClientTypes.Of(candidate) == type : null,
            "user" => UserOrReply(client, value),
            "maxage" => SecondsOrReply(client, value, name, static candidate => candidate.CreatedMs),
            "idle" => SecondsOrReply(client, value, name, static candidate => candidate.LastInteractionMs),
            "db" => DatabaseOrReply(client, value),
            "flags" => FlagsOrReply(client, value, isOpposite),
            "capa" => CapabilitiesOrReply(client, value, isOpposite),
            "addr" => TextFilter(value, static candidate => candidate.Address),
            "laddr" => TextFilter(value, static candidate => candidate.LocalAddress),
            "ip" => TextFilter(value, IpOf),
            "name" => BytesFilter(value, static candidate => candidate.Name),
            "lib-name" => BytesFilter(value, static candidate => candidate.LibraryName),
            _ => BytesFilter(value, static candidate => candidate.LibraryVersion),
        };

        if (filter is null) return false;
        _given[isOpposite ? "not-" + name : name] = isOpposite ? candidate => !filter(candidate) : filter;
        return true;
    }

    private static Predicate<Client> TextFilter(ReadOnlySpan<byte> value, Func<Client, string> textOf)
    {
        var text = Encoding.Latin1.GetString(value);
        return candidate => textOf(candidate) == text;
    }

    private static Predicate<Client> BytesFilter(ReadOnlySpan<byte> value, Func<Client, byte[]?> bytesOf)
    {
        var bytes = value.ToArray();
        return candidate => bytesOf(candidate).AsSpan().SequenceEqual(bytes);
    }

    private static string IpOf(Client candidate) => candidate.Address[..Math.Max(0, candidate.Address.LastIndexOf(':'))].Trim('[', ']');

    private static Predicate<Client>? IdsOrReply(Client client, in ArgVector args, int from, int count)
    {
        var ids = new HashSet<long>();
        for (var at = from; at < from + count; at++)
        {
            if (!Numbers.TryParseInteger(args[at], out var id) || id <= 0)
            {
                client.Reply.Error("ERR client-id should be greater than 0"u8);
                return null;
            }

            ids.Add(id);
        }

        return candidate => ids.Contains(candidate.Id);
    }

    private static Predicate<Client>? UserOrReply(Client client, ReadOnlySpan<byte> name)
    {
        if (client.Server.Users.Find(name) is { } user) return candidate => candidate.User == user;
        client.Reply.Error([.. "ERR No such user '"u8, .. name, (byte)'\'']);
        return null;
    }

    private static Predicate<Client>? SecondsOrReply(Client client, ReadOnlySpan<byte> value, string name, Func<Client, long> sinceMs)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out var seconds, Encoding.Latin1.GetBytes($"ERR {name} is not an integer or out of range"))) return null;
        var now = client.Server.Clock.NowMs;
        if (seconds > 0) return candidate => (now - sinceMs(candidate)) / 1000 >= seconds;
        client.Reply.Error(Encoding.Latin1.GetBytes($"ERR {name} should be greater than 0"));
        return null;
    }

    private static Predicate<Client>? DatabaseOrReply(Client client, ReadOnlySpan<byte> value)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out var index, "ERR DB is not an integer or out of range"u8)) return null;
        var databases = client.Server.Keyspace.DatabaseCount;
        if (index >= 0 && index < databases) return candidate => candidate.Database.Index == index;
        client.Reply.Error(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"ERR DB number should be between 0 and {databases - 1}")));
        return null;
    }

    // A client that has one flag more than those that are asked for fits as well, but N asks for one without any.
    private static Predicate<Client>? FlagsOrReply(Client client, ReadOnlySpan<byte> value, bool isOpposite)
    {
        var flags = Encoding.Latin1.GetString(value);
        if (!flags.AsSpan().ContainsAnyExcept(FlagLetters)) return candidate => flags.All(ClientDescription.FlagLetters(candidate).Contains);
        ReplyUnknown(client, "flags", isOpposite ? "NOT-FLAGS" : "provided", value);
        return null;
    }

    // No client tells of capabilities: CLIENT CAPA is for servers that redirect.
    private static Predicate<Client>? CapabilitiesOrReply(Client client, ReadOnlySpan<byte> value, bool isOpposite)
    {
        var asksForNone = value.IsEmpty;
        if (!value.ContainsAnyExcept((byte)'r')) return _ => asksForNone;
        ReplyUnknown(client, "capa", isOpposite ? "NOT-CAPA" : "provided", value);
        return null;
    }

    private static void ReplyUnknown(Client client, string what, string filter, ReadOnlySpan<byte> value) =>
        client.Reply.Error([.. Encoding.Latin1.GetBytes($"ERR Unknown {what} found in the {filter} filter: "), .. value]);

    private bool TrySkipMeOrReply(Client client, ReadOnlySpan<byte> value)
    {
        SkipCaller = value.Is("yes"u8);
        if (SkipCaller || value.Is("no"u8)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }
}
