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
}
