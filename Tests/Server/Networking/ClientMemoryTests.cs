using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>What clients are said to take, and what happens when they take too much.</summary>
internal sealed class ClientMemoryTests
{
    private const int Mb = 1024 * 1024;

    [Test]
    public void The_largest_client_is_closed_and_the_others_stay()
    {
        using var server = new InProcessServer(("maxmemory-clients", "4mb"));
        using var small = Holding(server, 100_000);
        using var middle = Holding(server, Mb);
        using var observer = server.Connect();
        Assert.That(observer.InfoNumber("evicted_clients"), Is.EqualTo(0));

        using var large = Holding(server, 3 * Mb + 500_000);

        Assert.That(large.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(observer.InfoNumber("evicted_clients"), Is.EqualTo(1));
        Assert.That(observer.InfoNumber("connected_clients"), Is.EqualTo(3));
    }

    [Test]
    public void A_client_with_no_evict_counts_but_is_spared()
    {
        using var server = new InProcessServer(("maxmemory-clients", "2mb"));
        using var spared = server.Connect();
        spared.Ask("CLIENT", "NO-EVICT", "ON");
        spared.Send(Begin(3 * Mb));
        using var other = server.Connect();

        Assert.That(other.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(server.OnLoop(() => server.Server.Clients.Count), Is.EqualTo(1));
    }

    [Test]
    public void A_percentage_is_one_of_maxmemory()
    {
        using var server = new InProcessServer(("maxmemory", "20mb"), ("maxmemory-clients", "10%"));
        using var below = Holding(server, 100_000);
        using var above = Holding(server, 2 * Mb);

        Assert.That(above.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(server.OnLoop(() => server.Server.Statistics.EvictedClients), Is.EqualTo(1));
    }

    [Test]
    public void However_small_the_limit_clients_may_take_128_KB_together()
    {
        using var server = new InProcessServer(("maxmemory-clients", "1"));
        using var small = server.Connect();
        Assert.That(small.Ask("PING"), Is.EqualTo("+PONG"));

        using var large = Holding(server, 140_000);

        Assert.That(large.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(small.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [TestCase("WATCH")]
    [TestCase("SUBSCRIBE")]
    [TestCase("SSUBSCRIBE")]
    [TestCase("PSUBSCRIBE")]
    public void Watches_and_subscriptions_count_until_they_end(string command)
    {
        using var server = new InProcessServer();
        using var client = server.Connect();
        client.Ask("PING");
        var before = Memory();

        for (var i = 0; i < 100; i++)
            client.Ask(command, $"name{i:D3}");
        Assert.That(Memory() - before, Is.AtLeast(100 * 100));
        client.Ask("RESET");

        Assert.That(Memory(), Is.EqualTo(before));

        long Memory() => server.OnLoop(() => server.Server.Clients.Oldest!.MemoryBytes);
    }

    [Test]
    public void Pending_replies_are_listed_by_their_chunks()
    {
        using var server = new InProcessServer();
        using var slow = server.Connect();
        using var observer = server.Connect();
        observer.Ask("SETRANGE", "k", $"{8 * Mb}", "x");
        var id = slow.Ask("CLIENT", "ID")[1..];
        slow.SendRequest("GET", "k");
        Eventually.True(() => Listed(observer, id, "omem") > 0, () => observer.AskPayload("CLIENT", "LIST"));

        Assert.That(Listed(observer, id, "oll"), Is.Positive);
        Assert.That(Listed(observer, id, "rbs"), Is.AtLeast(Listed(observer, id, "obl")));
        Assert.That(Listed(observer, id, "tot-mem"), Is.AtLeast(Listed(observer, id, "omem")));
        slow.ReadReply();
        Eventually.True(() => Listed(observer, id, "omem") == 0 && Listed(observer, id, "oll") == 0, () => observer.AskPayload("CLIENT", "LIST"));
    }

    [Test]
    public void What_a_blocked_client_keeps_is_its_argument_memory()
    {
        using var server = new InProcessServer();
        using var held = server.Connect();
        using var observer = server.Connect();
        var id = held.Ask("CLIENT", "ID")[1..];
        observer.Ask("CLIENT", "PAUSE", "1000000", "WRITE");
        held.SendRequest("SET", "k", new string('v', 50_000));

        Eventually.True(() => Listed(observer, id, "argv-mem") >= 50_000, () => observer.AskPayload("CLIENT", "LIST"));
    }

    /// <summary>A client whose request has begun and is so long that its bytes stay in its buffer.</summary>
    private static RawConnection Holding(InProcessServer server, int bytes)
    {
        var client = server.Connect();
        try
        {
            client.Send(Begin(bytes));
        }
        catch (SocketException)
        {
            // It was closed before it had sent everything.
        }

        return client;
    }

    private static byte[] Begin(int bytes) => [.. ByteText.Bytes($"*2\r\n$3\r\nGET\r\n${bytes + 10}\r\n"), .. new byte[bytes]];

    private static long Listed(RawConnection observer, string id, string field) =>
        long.Parse(observer.AskPayload("CLIENT", "LIST", "ID", id).Split(' ').Single(part => part.StartsWith(field + "=", StringComparison.Ordinal)).Split('=')[1]);
}
