using System.Text;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>The reply of a container's HELP: an array of simple strings, in the frame that all containers share.</summary>
internal static class HelpReply
{
    /// <summary>Writes the help of a container.</summary>
    internal static void Write(Client client, string container, params ReadOnlySpan<string> lines)
    {
        client.Reply.ArrayHeader(lines.Length + 3);
        client.Reply.SimpleString($"{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        foreach (var line in lines) client.Reply.SimpleString(line);
        client.Reply.SimpleString("HELP");
        client.Reply.SimpleString("    Print this help.");
    }

    /// <summary>Replies the error for a subcommand that nobody knows, or that was given the wrong words.</summary>
    internal static void PointTo(Client client, string container, ReadOnlySpan<byte> subcommand)
    {
        var shown = Encoding.Latin1.GetString(subcommand.Length > 128 ? subcommand[..128] : subcommand);
        client.Reply.Error(Encoding.Latin1.GetBytes($"ERR unknown subcommand or wrong number of arguments for '{shown}'. Try {container} HELP."));
    }
}
