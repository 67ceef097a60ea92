using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

// The folder's namespace is Executable: one called System would hide .NET's own from every test.
namespace KestrelFree.Tests.Executable;

// Clients that reset, half-close, stop reading or dawdle must cost a bounded amount of memory and harm nobody else. Each
// test has a neighbour who goes on asking, and whose answers must stay right.

/// <summary>Unkind clients, on either event back end.</summary>
[TestFixture("select")]
[TestFixture("epoll")]
internal sealed class UnkindClientTests(string backend)
{
    private ServerProcess _server = null!;
    private RawConnection _neighbour = null!;

    [SetUp]
    public void StartServer()
    {
        _server = KestrelFreeProcess.StartOn(backend, "--client-output-buffer-limit", "normal 4mb 0 0", "--client-query-buffer-limit", "1mb");
        _neighbour = _server.Connect();
        _neighbour.Ask("SET", "k", "v");
    }

    [TearDown]
    public void StopServer()
    {
        _neighbour?.Dispose();
        _server?.Dispose();
    }

    [Test]
    public void The_back_end_is_the_one_asked_for()
    {
        if (!KestrelFreeProcess.IsOurs) Assert.Ignore("another server is under test");

        Assert.That(_neighbour.AskPayload("INFO", "server"), Does.Contain($"multiplexing_api:{backend}\r\n"));
    }

    [Test]
    public void A_client_that_sends_a_byte_at_a_time_is_served()
    {
        using var slow = _server.Connect();

        foreach (var value in RequestBytes.Of("GET", "k"))
        {
            slow.Send([value]);
            AssertNeighbourIsServed();
        }

        Assert.That(slow.ReadText(), Is.EqualTo("$\"v\""));
    }

    [Test]
    public void A_hundred_clients_that_stop_in_the_middle_of_a_request_harm_nobody()
    {
        var stuck = Enumerable.Range(0, 100).Select(_ => _server.Connect()).ToArray();

        for (var at = 0; at < stuck.Length; at++)
            stuck[at].Send(RequestBytes.Of("SET", "stuck", "a value").AsSpan(0, 1 + (at % 30)));

        AssertNeighbourIsServed();
        foreach (var client in stuck)
            client.Dispose();

        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_client_that_never_reads_is_cut_off_at_its_limit()
    {
        using var deaf = _server.Connect();
        deaf.Ask("SET", "big", new string('x', 100_000));
        var before = _server.ResidentBytes();

        SendUntilCut(deaf, RequestBytes.Pipeline(Enumerable.Repeat<string[]>(["GET", "big"], 100)), times: 2000);

        AssertNeighbourIsServed();
        _server.WaitForLog("overcoming of output buffer limits");
        Assert.That(_server.ResidentBytes() - before, Is.LessThan(200L << 20));
        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_request_longer_than_the_query_buffer_limit_ends_the_connection()
    {
        using var greedy = _server.Connect();

        SendUntilCut(greedy, ByteText.Bytes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$400000000\r\n" + new string('x', 3 << 20)), times: 1);

        AssertNeighbourIsServed();
        _server.WaitForLog("Closing client that reached max query buffer length");
        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void Resets_in_the_middle_of_a_pipeline_harm_nobody()
    {
        for (var round = 0; round < 50; round++)
        {
            var rude = _server.Connect();
            rude.Send(RequestBytes.Pipeline(Enumerable.Repeat<string[]>(["GET", "k"], 200)));
            rude.Reset();
            AssertNeighbourIsServed();
        }

        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_client_that_half_closes_gets_its_replies()
    {
        using var client = _server.Connect();

        client.Send(RequestBytes.Pipeline([["GET", "k"], ["PING"]]));
        client.CloseSending();

        Assert.That(ReplyText.RenderAll(client.ReadToEnd()), Is.EqualTo("$\"v\"\n+PONG"));
        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_blocked_client_that_leaves_is_forgotten()
    {
        var blocked = _server.Connect();
        blocked.SendRequest("WAIT", "1", "0");
        Eventually.True(() => _neighbour.AskPayload("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal), () => "not blocked");

        blocked.Dispose();

        Eventually.True(() => _neighbour.AskPayload("INFO", "clients").Contains("blocked_clients:0", StringComparison.Ordinal), () => "still blocked");
        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_thousand_clients_come_and_go()
    {
        var clients = Enumerable.Range(0, 1000).Select(_ => _server.Connect()).ToArray();

        foreach (var client in clients)
            client.SendRequest("INCR", "n");

        Assert.That(clients.Select(client => client.ReadText()), Is.EquivalentTo(Enumerable.Range(1, 1000).Select(number => $":{number}")));
        foreach (var client in clients)
            client.Dispose();

        AssertOnlyNeighbourIsLeft();
    }

    [Test]
    public void A_reply_larger_than_the_sockets_buffers_is_sent_in_parts()
    {
        using var reader = _server.Connect();
        reader.Ask("SET", "big", new string('x', 900_000));

        reader.Send(RequestBytes.Pipeline([["GET", "big"], ["GET", "big"], ["PING"]]));
        AssertNeighbourIsServed();

        Assert.That(new[] { reader.ReadReply().Length, reader.ReadReply().Length }, Is.All.EqualTo(900_011));
        Assert.That(reader.ReadText(), Is.EqualTo("+PONG"));
    }

    private void AssertNeighbourIsServed() => Assert.That(_neighbour.Ask("PING"), Is.EqualTo("+PONG"), _server.Log);

    private void AssertOnlyNeighbourIsLeft() => Eventually.True(
        () => _neighbour.AskPayload("INFO", "clients").Contains("connected_clients:1\r\n", StringComparison.Ordinal),
        () => _neighbour.AskPayload("CLIENT", "LIST"));

    private void SendUntilCut(RawConnection client, byte[] bytes, int times)
    {
        client.Socket.SendTimeout = 1000;
        try
        {
            for (var time = 0; time < times; time++)
                client.Send(bytes);
        }
        catch (SocketException)
        {
            // Cut off, or the server reads no more; the caller asks the log which.
        }

        AssertNeighbourIsServed();
    }
}
