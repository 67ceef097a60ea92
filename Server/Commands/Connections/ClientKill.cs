using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>CLIENT KILL in both forms: one address, or filters that all have to fit.</summary>
internal static class ClientKill
{
    private struct Filters
    {
        internal string? Address;
        internal string? LocalAddress;
        internal ClientType? Type;
        internal User? User;
        internal long Id;
        internal long MaxAgeSeconds;
        internal bool SkipCaller;
    }

    internal static void Execute(Client client, in ArgVector args)
    {
        if (args.Count == 3)
        {
            var killed = Kill(client, new Filters { Address = Encoding.Latin1.GetString(args[2]) });
            if (killed == 0) client.Reply.Error("ERR No such client"u8);
            else client.Reply.Ok();
            return;
        }

        var filters = new Filters { SkipCaller = true };
        for (var i = 2; i < args.Count; i += 2)
        {
            if (i + 1 >= args.Count)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return;
            }

            if (!TryFilterOrReply(client, args[i], args[i + 1], ref filters)) return;
        }

        client.Reply.Integer(Kill(client, filters));
    }

    private static bool TryFilterOrReply(Client client, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value, ref Filters filters)
    {
        if (option.Is("id"u8)) return TryIdOrReply(client, value, out filters.Id);
        if (option.Is("type"u8)) return TryTypeOrReply(client, value, ref filters);
        if (option.Is("user"u8)) return TryUserOrReply(client, value, out filters.User);
        if (option.Is("skipme"u8)) return TryYesNoOrReply(client, value, out filters.SkipCaller);
        if (option.Is("maxage"u8)) return TryMaxAgeOrReply(client, value, out filters.MaxAgeSeconds);
        if (option.Is("addr"u8)) filters.Address = Encoding.Latin1.GetString(value);
        else if (option.Is("laddr"u8)) filters.LocalAddress = Encoding.Latin1.GetString(value);
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    private static bool TryIdOrReply(Client client, ReadOnlySpan<byte> value, out long id)
    {
        if (Numbers.TryParseInteger(value, out id) && id > 0) return true;
        client.Reply.Error("ERR client-id should be greater than 0"u8);
        return false;
    }

    private static bool TryMaxAgeOrReply(Client client, ReadOnlySpan<byte> value, out long seconds)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, value, out seconds, "ERR maxage is not an integer or out of range"u8)) return false;
        if (seconds > 0) return true;
        client.Reply.Error("ERR maxage should be greater than 0"u8);
        return false;
    }

    private static bool TryTypeOrReply(Client client, ReadOnlySpan<byte> value, ref Filters filters)
    {
        if (!ClientTypes.TryParseOrReply(client, value, out var type)) return false;
        filters.Type = type;
        return true;
    }

    private static bool TryUserOrReply(Client client, ReadOnlySpan<byte> name, out User? user)
    {
        user = client.Server.Users.Find(name);
        if (user is not null) return true;
        client.Reply.Error([.. "ERR No such user '"u8, .. name, (byte)'\'']);
        return false;
    }

    private static bool TryYesNoOrReply(Client client, ReadOnlySpan<byte> value, out bool yes)
    {
        yes = value.Is("yes"u8);
        if (yes || value.Is("no"u8)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }

    private static int Kill(Client caller, in Filters filters)
    {
        var killed = 0;
        Client? next;
        for (var candidate = caller.Server.Clients.Oldest; candidate is not null; candidate = next)
        {
            next = candidate.Next;
            if (!Fits(caller, candidate, filters)) continue;
            killed++;
            if (candidate == caller) caller.Flags |= ClientFlags.CloseAfterReply;
            else caller.Server.Clients.Free(candidate);
        }

        return killed;
    }

    private static bool Fits(Client caller, Client candidate, in Filters filters)
    {
        if (filters.SkipCaller && candidate == caller) return false;
        if (filters.Id != 0 && candidate.Id != filters.Id) return false;
        if (filters.Type is { } type && ClientTypes.Of(candidate) != type) return false;
        if (filters.User is { } user && candidate.User != user) return false;
        if (filters.Address is { } address && candidate.Address != address) return false;
        if (filters.LocalAddress is { } local && candidate.LocalAddress != local) return false;
        var ageSeconds = (caller.Server.Clock.NowMs - candidate.CreatedMs) / 1000;
        return filters.MaxAgeSeconds == 0 || ageSeconds >= filters.MaxAgeSeconds;
    }
}
