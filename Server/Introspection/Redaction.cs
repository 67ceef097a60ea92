using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Introspection;

// Passwords travel as arguments, and MONITOR and SLOWLOG show arguments. Which of them are secret is asked only when one is about to be shown,
// so that a command that nobody watches pays nothing for it.

/// <summary>Takes secrets out of requests that are shown to people.</summary>
internal static class Redaction
{
    /// <summary>An argument as it may be shown.</summary>
    internal static ReadOnlySpan<byte> Shown(Command command, in ArgVector args, int index) =>
        index > 0 && IsSecret(command, args, index) ? "(redacted)"u8 : args[index];

    private static bool IsSecret(Command command, in ArgVector args, int index) => command.FullName switch
    {
        "auth" => true,
        "acl|setuser" or "acl|deluser" or "acl|getuser" => index > 1,
        "config|set" => index > 2 && index % 2 == 1 && ConfigSet.IsSensitive(Encoding.Latin1.GetString(args[index - 1])),
        "hello" => FollowsAuth(args, index, first: 2, values: 2),
        "migrate" => FollowsAuth(args, index, first: 6, values: 1) || FollowsWord(args, index, "auth2"u8, first: 6, values: 2),
        _ => false,
    };

    private static bool FollowsAuth(in ArgVector args, int index, int first, int values) => FollowsWord(args, index, "auth"u8, first, values);

    private static bool FollowsWord(in ArgVector args, int index, ReadOnlySpan<byte> word, int first, int values)
    {
        for (var at = Math.Max(first, index - values); at < index; at++)
        {
            if (args[at].Is(word)) return true;
        }

        return false;
    }
}
