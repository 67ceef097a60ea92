using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config.Kinds;

namespace KestrelFree.Server.Networking;

/// <summary>The kinds of clients that CLIENT LIST and CLIENT KILL filter by.</summary>
internal enum ClientType
{
    /// <summary>An ordinary client.</summary>
    Normal,

    /// <summary>A replica of this server.</summary>
    Replica,

    /// <summary>A subscriber.</summary>
    PubSub,

    /// <summary>The master that this server replicates.</summary>
    Master,
}

/// <summary>Names and finds out a client's <see cref="ClientType"/>.</summary>
internal static class ClientTypes
{
    /// <summary>A client's kind. Replication will make the others appear.</summary>
    internal static ClientType Of(Client client) => client.Is(ClientFlags.PubSub) ? ClientType.PubSub : ClientType.Normal;

    /// <summary>Which of the limits on output buffers a client is under; a master is under an ordinary client's.</summary>
    internal static LimitedClient LimitOf(Client client) => Of(client) switch
    {
        ClientType.PubSub => LimitedClient.PubSub,
        ClientType.Replica => LimitedClient.Replica,
        _ => LimitedClient.Normal,
    };

    /// <summary>Reads a kind's name, or replies that there is none such.</summary>
    internal static bool TryParseOrReply(Client client, ReadOnlySpan<byte> name, out ClientType type)
    {
        type = ClientType.Normal;
        if (name.Is("normal"u8)) return true;
        if (name.Is("slave"u8) || name.Is("replica"u8)) type = ClientType.Replica;
        else if (name.Is("pubsub"u8)) type = ClientType.PubSub;
        else if (name.Is("master"u8)) type = ClientType.Master;
        if (type != ClientType.Normal) return true;
        client.Reply.Error([.. "ERR Unknown client type '"u8, .. name, (byte)'\'']);
        return false;
    }
}
