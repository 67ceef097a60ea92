using System.Text;
using KestrelFree.Protocol;

namespace KestrelFree.Tests.Protocol;

/// <summary>What a connection does with received bytes, without sockets: query buffer, parser and batch as the server uses them.</summary>
internal sealed class ReceivingClient
{
    internal static readonly ParserLimits Ordinary = ParserLimits.Authenticated(ProtocolLimits.DefaultMaxBulkBytes);

    private readonly ParserLimits _limits;
    private readonly int _maxRequests;

    internal ReceivingClient()
        : this(Ordinary, 16)
    {
    }

    internal ReceivingClient(ParserLimits limits, int maxRequests)
    {
        _limits = limits;
        _maxRequests = maxRequests;
        Query = new QueryBuffer(Pool, Receive);
    }

    internal BufferPool Pool { get; } = new();

    internal ReceiveBuffer Receive { get; } = new();

    internal RequestBatch Batch { get; } = new();

    internal RequestParser Parser { get; } = new();

    internal QueryBuffer Query { get; }

    /// <summary>The executed requests, each printed with its arguments quoted.</summary>
    internal List<string> Requests { get; } = [];

    /// <summary>The bytes that were moved from one private array to another.</summary>
    internal long MovedBytes { get; private set; }

    internal string Error => Encoding.Latin1.GetString(Parser.Error);

    /// <summary>Everything seen, in one string to compare.</summary>
    internal string Outcome => string.Join('\n', Requests) + (Parser.Fault == ProtocolFault.None ? "" : "\n! " + Error);

    internal static string Print(ArgVector args)
    {
        var text = new StringBuilder();
        for (var i = 0; i < args.Count; i++)
            text.Append(i == 0 ? "" : " ").Append('[').Append(Encoding.Latin1.GetString(args[i])).Append(']');
        return text.ToString();
    }

    /// <summary>Receives the bytes in as many reads as they take, in pieces of at most <paramref name="pieceBytes"/>.</summary>
    internal ReceivingClient Feed(ReadOnlySpan<byte> bytes, int pieceBytes = int.MaxValue)
    {
        while (!bytes.IsEmpty && Parser.Fault == ProtocolFault.None)
        {
            var owned = Query.OwnedBytes;
            var room = Query.GetReadSpan(Parser.BytesWanted);
            MovedBytes += owned > 0 && Query.OwnedBytes > owned ? Query.Length : 0;
            var count = Math.Min(Math.Min(room.Length, pieceBytes), bytes.Length);
            bytes[..count].CopyTo(room);
            Query.Commit(count);
            bytes = bytes[count..];
            Execute();
            Query.Settle(Parser.BytesWanted);
        }

        return this;
    }

    internal ReceivingClient Feed(string bytes, int pieceBytes = int.MaxValue) => Feed(Encoding.Latin1.GetBytes(bytes), pieceBytes);

    private void Execute()
    {
        while (Query.Length > 0)
        {
            Batch.Clear();
            var unread = Query.Unread;
            var status = Parser.Parse(unread, Batch, _maxRequests, _limits);
            for (var i = 0; i < Batch.Count; i++)
                Requests.Add(Print(Batch.GetArgs(i, unread)));
            Query.Consume(Parser.Consumed);
            if (status != ParseStatus.BatchFull) return;
        }
    }
}
