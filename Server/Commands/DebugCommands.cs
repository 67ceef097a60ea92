using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>DEBUG: what tests need and users should not; behind enable-debug-command.</summary>
internal static class DebugCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("debug", Debug)
        {
            Arity = -2, Flags = Admin | NoScript | Loading | Stale | Protected, Since = "1.0.0", Group = "server",
            Summary = "A container for commands that look into or disturb the server, for tests.", Complexity = "Depends on the subcommand",
        },
    ];

    private static void Debug(Client client, in ArgVector args)
    {
        var subcommand = args[1];
        if (subcommand.Is("help"u8) && args.Count == 2) Help(client);
        else if (subcommand.Is("protocol"u8) && args.Count == 3) DebugProtocol.Execute(client, args[2]);
        else if (subcommand.Is("set-active-expire"u8) && args.Count == 3) SetActiveExpire(client, args[2]);
        else if (subcommand.Is("sleep"u8) && args.Count == 3) Sleep(client, args[2]);
        else if (subcommand.Is("config-rewrite-force-all"u8) && args.Count == 2) ConfigCommands.RewriteAll(client);
        else HelpReply.PointTo(client, "DEBUG", subcommand);
    }

    // Blocks the loop on purpose: that is what it is for.
    private static void Sleep(Client client, ReadOnlySpan<byte> seconds)
    {
        if (Numbers.TryParseDouble(seconds, out var duration) && duration > 0) Thread.Sleep(TimeSpan.FromSeconds(Math.Min(duration, 1e6)));
        client.Reply.Ok();
    }

    // As C's atoi reads it: anything but a number other than 0 turns it off.
    private static void SetActiveExpire(Client client, ReadOnlySpan<byte> argument)
    {
        client.Server.Expiry.IsEnabled = Numbers.TryParseInteger(argument, out var on) && on != 0;
        client.Reply.Ok();
    }

    private static void Help(Client client) => HelpReply.Write(
        client,
        "DEBUG",
        "CONFIG-REWRITE-FORCE-ALL", "    Rewrite the configuration file with every directive, defaults included.",
        "PROTOCOL <type>", "    Reply a fixed value of a wire type.",
        "SET-ACTIVE-EXPIRE <0|1>", "    With 0 keys past their time are deleted only when somebody asks for them.",
        "SLEEP <seconds>", "    Block the whole server for that long; fractions are allowed.");
}
