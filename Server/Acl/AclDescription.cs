using System.Globalization;
using System.Text;

namespace KestrelFree.Server.Acl;

/// <summary>Users in the words of the rules that would make them, a character a byte: what ACL LIST, ACL SAVE and CONFIG REWRITE write.</summary>
internal static class AclDescription
{
    /// <summary>A user without its name.</summary>
    internal static string Of(User user)
    {
        var text = new StringBuilder();
        foreach (var flag in Flags(user)) text.Append(flag).Append(' ');
        foreach (var password in user.Passwords) text.Append('#').Append(password.Hex).Append(' ');
        text.Append(Of(user.Root));
        foreach (var selector in user.Selectors.Skip(1)) text.Append(" (").Append(Of(selector)).Append(')');
        return text.ToString();
    }

    /// <summary>The words that are about the user itself, in their order.</summary>
    internal static IEnumerable<string> Flags(User user)
    {
        yield return user.IsEnabled ? "on" : "off";
        if (user.NeedsNoPassword) yield return "nopass";
        yield return user.SkipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload";
    }

    /// <summary>The patterns of keys.</summary>
    internal static string Keys(AclSelector selector) =>
        selector.HasAllKeys ? "~*" : string.Join(' ', selector.Keys.Select(keys => keys.Prefix + Encoding.Latin1.GetString(keys.Pattern)));

    /// <summary>The patterns of channels.</summary>
    internal static string Channels(AclSelector selector) =>
        selector.HasAllChannels ? "&*" : string.Join(' ', selector.Channels.Select(channels => "&" + Encoding.Latin1.GetString(channels)));

    /// <summary>The databases.</summary>
    internal static string Databases(AclSelector selector)
    {
        if (selector.HasAllDatabases) return "alldbs";
        var databases = string.Join(',', selector.Databases.Select(index => index.ToString(CultureInfo.InvariantCulture)));
        return databases.Length == 0 ? "resetdbs" : "db=" + databases;
    }

    // Channels begin with a reset, since what a new selector has depends on acl-pubsub-default where it is read. All databases are not mentioned, so
    // that servers without that rule read the line.
    private static string Of(AclSelector selector)
    {
        var parts = new List<string>();
        if (Keys(selector) is { Length: > 0 } keys) parts.Add(keys);
        if (!selector.HasAllChannels) parts.Add("resetchannels");
        if (Channels(selector) is { Length: > 0 } channels) parts.Add(channels);
        if (!selector.HasAllDatabases) parts.Add(Databases(selector));
        parts.Add(selector.Commands.Describe());
        return string.Join(' ', parts);
    }
}
