using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Tracking;

namespace KestrelFree.Server.Commands;

/// <summary>CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR.</summary>
internal static class ClientTrackingCommands
{
    [Flags]
    private enum Words
    {
        None = 0,
        Bcast = 1,
        OptIn = 2,
        OptOut = 4,
        NoLoop = 8,
    }

    /// <summary>CLIENT TRACKING ON|OFF and its options, which are judged even with OFF.</summary>
    internal static void Tracking(Client client, in ArgVector args)
    {
        var prefixes = new List<byte[]>();
        if (!TryParseOrReply(client, args, out var words, out var redirectId, prefixes)) return;
        if (args[2].Is("on"u8))
        {
            if (!AreCompatibleOrReply(client, words, prefixes)) return;
            var mode = (words & Words.Bcast) != 0 ? TrackingMode.Broadcast : (words & Words.OptIn) != 0 ? TrackingMode.OptIn
                : (words & Words.OptOut) != 0 ? TrackingMode.OptOut : TrackingMode.Default;
            var own = (words & Words.NoLoop) != 0 ? OwnChanges.Untold : OwnChanges.Told;
            client.Server.Tracking.Enable(client, new TrackingOptions(mode, own, redirectId), prefixes);
        }
        else if (args[2].Is("off"u8))
        {
            client.Server.Tracking.Disable(client);
        }
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        client.Reply.Ok();
    }

    /// <summary>CLIENT CACHING YES|NO.</summary>
    internal static void Caching(Client client, in ArgVector args)
    {
        if (client.Tracking is not { } tracking)
        {
            client.Reply.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"u8);
            return;
        }

        var yes = args[2].Is("yes"u8);
        if (!yes && !args[2].Is("no"u8)) client.Reply.Error(SharedReplies.SyntaxError);
        else if (yes && tracking.Options.Mode != TrackingMode.OptIn)
            client.Reply.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."u8);
        else if (!yes && tracking.Options.Mode != TrackingMode.OptOut)
            client.Reply.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."u8);
        else
        {
            tracking.IsCachingGiven = true;
            client.Reply.Ok();
        }
    }

    /// <summary>CLIENT GETREDIR.</summary>
    internal static void GetRedirection(Client client, in ArgVector args) => client.Reply.Integer(client.Tracking?.Options.RedirectId ?? -1);

    /// <summary>CLIENT TRACKINGINFO.</summary>
    internal static void Describe(Client client, in ArgVector args)
    {
        var flags = Flags(client.Tracking).ToArray();
        client.Reply.MapHeader(3);
        client.Reply.Bulk("flags"u8);
        client.Reply.SetHeader(flags.Length);
        foreach (var flag in flags) client.Reply.Bulk(flag);
        client.Reply.Bulk("redirect"u8);
        client.Reply.Integer(client.Tracking?.Options.RedirectId ?? -1);
        client.Reply.Bulk("prefixes"u8);
        client.Reply.ArrayHeader(client.Tracking?.Prefixes.Count ?? 0);
        if (client.Tracking is null) return;
        foreach (var prefix in client.Tracking.Prefixes) client.Reply.Bulk(prefix);
    }

    private static IEnumerable<string> Flags(ClientTracking? tracking)
    {
        yield return tracking is null ? "off" : "on";
        if (tracking is null) yield break;
        if (tracking.Options.Mode == TrackingMode.Broadcast) yield return "bcast";
        if (tracking.Options.Mode == TrackingMode.OptIn) yield return "optin";
        if (tracking.Options.Mode == TrackingMode.OptIn && tracking.IsCachingGiven) yield return "caching-yes";
        if (tracking.Options.Mode == TrackingMode.OptOut) yield return "optout";
        if (tracking.Options.Mode == TrackingMode.OptOut && tracking.IsCachingGiven) yield return "caching-no";
        if (tracking.Options.Own == OwnChanges.Untold) yield return "noloop";
        if (tracking.IsRedirectBroken) yield return "broken_redirect";
    }

    private static bool TryParseOrReply(Client client, in ArgVector args, out Words words, out long redirectId, List<byte[]> prefixes)
    {
        words = Words.None;
        redirectId = 0;
        for (var i = 3; i < args.Count; i++)
        {
            var isLast = i == args.Count - 1;
            if (args[i].Is("redirect"u8) && !isLast)
            {
                if (!TryRedirectionOrReply(client, args[++i], ref redirectId)) return false;
            }
            else if (args[i].Is("prefix"u8) && !isLast)
            {
                prefixes.Add(args[++i].ToArray());
            }
            else
            {
                var word = WordOf(args[i]);
                words |= word;
                if (word != Words.None) continue;
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
        }

        return true;
    }

    private static Words WordOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("bcast"u8)) return Words.Bcast;
        if (word.Is("optin"u8)) return Words.OptIn;
        if (word.Is("optout"u8)) return Words.OptOut;
        return word.Is("noloop"u8) ? Words.NoLoop : Words.None;
    }

    private static bool TryRedirectionOrReply(Client client, ReadOnlySpan<byte> argument, ref long redirectId)
    {
        if (redirectId != 0)
        {
            client.Reply.Error("ERR A client can only redirect to a single other client"u8);
            return false;
        }

        if (!ArgumentParsing.TryIntegerOrReply(client, argument, out redirectId)) return false;
        if (client.Server.Clients.Find(redirectId) is not null) return true;
        client.Reply.Error("ERR The client ID you want redirect to does not exist"u8);
        return false;
    }

    private static bool AreCompatibleOrReply(Client client, Words words, List<byte[]> prefixes)
    {
        var broadcasts = (words & Words.Bcast) != 0;
        var error = "";
        if (!broadcasts && prefixes.Count > 0)
            error = "PREFIX option requires BCAST mode to be enabled";
        else if (client.Tracking is { } present && broadcasts != (present.Options.Mode == TrackingMode.Broadcast))
            error = "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
        else if (broadcasts && (words & (Words.OptIn | Words.OptOut)) != 0)
            error = "OPTIN and OPTOUT are not compatible with BCAST";
        else if ((words & (Words.OptIn | Words.OptOut)) == (Words.OptIn | Words.OptOut))
            error = "You can't specify both OPTIN mode and OPTOUT mode";
        else if (Switches(client.Tracking?.Options.Mode, words))
            error = "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";

        if (error.Length == 0) return !broadcasts || AreDisjointOrReply(client, prefixes);
        client.Reply.Error("ERR " + error);
        return false;
    }

    private static bool Switches(TrackingMode? present, Words words) =>
        (present == TrackingMode.OptOut && (words & Words.OptIn) != 0) || (present == TrackingMode.OptIn && (words & Words.OptOut) != 0);

    private static bool AreDisjointOrReply(Client client, List<byte[]> prefixes)
    {
        for (var i = 0; i < prefixes.Count; i++)
        {
            var prefix = prefixes[i];
            if (client.Tracking?.Prefixes.FirstOrDefault(own => Overlap(own, prefix)) is { } existing)
                return RefuseOverlap(client, prefix, "an existing prefix", existing);
            if (prefixes.Skip(i + 1).FirstOrDefault(other => Overlap(other, prefix)) is { } other)
                return RefuseOverlap(client, prefix, "another provided prefix", other);
        }

        return true;
    }

    private static bool Overlap(byte[] a, byte[] b) => a.Length < b.Length ? b.AsSpan().StartsWith(a) : a.AsSpan().StartsWith(b);

    private static bool RefuseOverlap(Client client, byte[] prefix, string which, byte[] other)
    {
        var text = $"ERR Prefix '{Encoding.Latin1.GetString(prefix)}' overlaps with {which} '{Encoding.Latin1.GetString(other)}'. " +
            "Prefixes for a single client must not overlap.";
        client.Reply.Error(Encoding.Latin1.GetBytes(text));
        return false;
    }
}
