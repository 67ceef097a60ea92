using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>DEBUG PROTOCOL: one fixed reply of each wire type, by which client libraries test their parsers.</summary>
internal static class DebugProtocol
{
    private static readonly (string Name, Action<Client> Reply)[] Types =
    [
        ("string", static client => client.Reply.Bulk("Hello World"u8)),
        ("integer", static client => client.Reply.Integer(12345)),
        ("double", static client => client.Reply.Double(3.141)),
        ("bignum", static client => client.Reply.BigNumber("1234567999999999999999999999999999999"u8)),
        ("null", static client => client.Reply.Null()),
        ("array", static client => WriteNumbers(client.Reply, static (reply, n) => reply.ArrayHeader(n))),
        ("set", static client => WriteNumbers(client.Reply, static (reply, n) => reply.SetHeader(n))),
        ("map", static client => WriteMap(client.Reply)),
        ("attrib", static client => WriteAttribute(client.Reply)),
        ("push", static client => WritePush(client.Reply)),
        ("verbatim", static client => client.Reply.Verbatim("txt"u8, "This is a verbatim\nstring"u8)),
        ("true", static client => client.Reply.Boolean(true)),
        ("false", static client => client.Reply.Boolean(false)),
    ];

    internal static void Execute(Client client, ReadOnlySpan<byte> type)
    {
        foreach (var (name, reply) in Types)
        {
            if (!CommandTable.NameEquals(name, type)) continue;
            reply(client);
            return;
        }

        var names = string.Join('|', Types.Select(row => row.Name));
        client.Reply.Error($"ERR Wrong protocol type name. Please use one of the following: {names}");
    }

    private static void WriteNumbers(ReplyWriter reply, Action<ReplyWriter, int> header)
    {
        header(reply, 3);
        for (var i = 0; i < 3; i++) reply.Integer(i);
    }

    private static void WriteMap(ReplyWriter reply)
    {
        reply.MapHeader(3);
        for (var i = 0; i < 3; i++)
        {
            reply.Integer(i);
            reply.Boolean(i == 1);
        }
    }

    private static void WriteAttribute(ReplyWriter reply)
    {
        reply.AttributeHeader(1);
        reply.Bulk("key-popularity"u8);
        reply.ArrayHeader(2);
        reply.Bulk("key:123"u8);
        reply.Integer(90);
        reply.EndAttribute();
        reply.Bulk("Some real reply following the attribute"u8);
    }

    // An ordinary reply follows the push, so that clients which discard pushes have something to wait for.
    private static void WritePush(ReplyWriter reply)
    {
        if (reply.Version < 3)
        {
            reply.Error("ERR RESP2 is not supported by this command"u8);
            return;
        }

        reply.PushHeader(2);
        reply.Bulk("server-cpu-usage"u8);
        reply.Integer(42);
        reply.Bulk("Some real reply following the push reply"u8);
    }
}
