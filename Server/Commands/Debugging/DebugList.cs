using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>The subcommands of DEBUG that look into listpacks and lists of several nodes. What they find is printed, as the reply says.</summary>
internal static class DebugList
{
    // Redis's own bound: what a node's length is kept in, and a little less.
    private const ulong LargestThreshold = (1UL << 32) - (1 << 20);

    internal static void Listpack(Client client, in ArgVector args)
    {
        if (!DebugKeyspace.TryPeekOrReply(client, args[2], out var entry)) return;
        var text = new StringBuilder();
        if (!ListStructure.TryDescribeListpack(entry, text))
        {
            client.Reply.Error("ERR Not a listpack encoded object."u8);
            return;
        }

        Console.Out.Write(text);
        client.Reply.SimpleString("Listpack structure printed on stdout");
    }

    internal static void Quicklist(Client client, in ArgVector args)
    {
        if (!DebugKeyspace.TryPeekOrReply(client, args[2], out var entry)) return;
        var detail = args.Count == 4 && DebugCommands.IsOn(args[3]) ? ListDetail.Elements : ListDetail.Nodes;
        var text = new StringBuilder();
        if (!ListStructure.TryDescribe(entry, detail, text))
        {
            client.Reply.Error("ERR Not a quicklist encoded object."u8);
            return;
        }

        Console.Out.Write(text);
        client.Reply.SimpleString("Quicklist structure printed on stdout");
    }

    internal static void PackedThreshold(Client client, in ArgVector args)
    {
        if (!ConfNumbers.TryParseMemory(Encoding.Latin1.GetString(args[2]), out var bytes) || bytes > LargestThreshold)
        {
            client.Reply.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb"u8);
            return;
        }

        client.Server.Keyspace.Limits.ListPlainFrom = (long)bytes;
        client.Reply.Ok();
    }
}
