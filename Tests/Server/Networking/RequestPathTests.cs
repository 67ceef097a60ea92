using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>From bytes to replies over one connection: batching, silence, closing, and what happens to the requests behind.</summary>
[TestFixture]
internal sealed class RequestPathTests() : InProcessFixture(("enable-debug-command", "yes"))
{
    [Test]
    public void A_long_pipeline_is_answered_in_order()
    {
        const int requests = 5000;
        Client.Send(RequestBytes.Pipeline(Enumerable.Range(0, requests).Select(i => new[] { "ECHO", $"{i}" })));

        for (var i = 0; i < requests; i++) Assert.That(Client.ReadReply(), Is.EqualTo(ByteText.Bytes($"${i.ToString().Length}\r\n{i}\r\n")));
    }

    [Test]
    public void Nothing_behind_quit_is_executed()
    {
        Client.Send(RequestBytes.Pipeline([["SET", "k", "before"], ["QUIT"], ["SET", "k", "after"]]));

        Assert.That(ByteText.Text(Client.ReadToEnd()), Is.EqualTo("+OK\r\n+OK\r\n"));
        using var other = Server.Connect();
        Assert.That(other.AskPayload("GET", "k"), Is.EqualTo("before"));
    }

    [Test]
    public void Requests_before_a_protocol_error_are_answered_first()
    {
        Client.Send("*1\r\n$4\r\nPING\r\n*1\r\n+PING\r\n"u8);

        Assert.That(ByteText.Text(Client.ReadToEnd()), Is.EqualTo("+PONG\r\n-ERR Protocol error: expected '$', got '+'\r\n"));
    }

    [Test]
    public void A_request_that_comes_in_single_bytes_is_executed()
    {
        foreach (var b in RequestBytes.Of(["ECHO", "slowly"])) Client.Send([b]);

        Assert.That(Client.ReadReply(), Is.EqualTo("$6\r\nslowly\r\n"u8.ToArray()));
    }

    [Test]
    public void A_value_of_many_megabytes_comes_back_as_it_went()
    {
        var value = new string('v', 40 * 1024 * 1024);

        Assert.That(Client.Ask("SET", "big", value), Is.EqualTo("+OK"));
        Assert.That(Client.AskPayload("GET", "big"), Is.EqualTo(value));
    }

    [Test]
    public void Reply_off_silences_everything_until_on()
    {
        Client.Send(RequestBytes.Pipeline([["CLIENT", "REPLY", "OFF"], ["SET", "k", "v"], ["NOSUCH"], ["CLIENT", "REPLY", "ON"], ["GET", "k"]]));

        Assert.That(new[] { Client.ReadText(), ByteText.Text(Client.ReadReply()) }, Is.EqualTo(new[] { "+OK", "$1\r\nv\r\n" }));
    }

    [Test]
    public void Reply_skip_silences_one_request()
    {
        Client.Send(RequestBytes.Pipeline([["CLIENT", "REPLY", "SKIP"], ["PING", "skipped"], ["PING"]]));

        Assert.That(Client.ReadText(), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Of_slow_requests_that_came_together_nothing_is_answered_once_their_replies_exceed_the_limit()
    {
        Client.Ask("CONFIG", "SET", "client-output-buffer-limit", "normal 50000 0 0");
        Client.Ask("SETRANGE", "k", "9999", "x");
        string[][] slowly = [["DEBUG", "SLEEP", "0.002"], ["GET", "k"]];
        Client.Send(RequestBytes.Pipeline(Enumerable.Repeat(slowly, 10).SelectMany(pair => pair)));

        Assert.That(ByteText.Text(Client.ReadToEnd()), Is.Empty);
    }

    [Test]
    public void A_limit_of_a_few_bytes_leaves_short_replies_alone_and_counts_whom_a_long_one_cut_off()
    {
        Client.Ask("CONFIG", "SET", "client-output-buffer-limit", "normal 10 5 0");
        Assert.That(Client.Ask("INFO", "stats"), Does.Contain("client_output_buffer_limit_disconnections:0"));
        using var other = Server.Connect();
        Client.Ask("SETRANGE", "k", "99999", "x");
        other.Send(RequestBytes.Of("GET", "k"));

        Assert.That(ByteText.Text(other.ReadToEnd()), Is.Empty);
        Assert.That(Client.Ask("INFO", "stats"), Does.Contain("client_output_buffer_limit_disconnections:1"));
    }

    [Test]
    public void Of_a_reply_beyond_sixteen_kilobytes_all_counts()
    {
        Client.Ask("CONFIG", "SET", "client-output-buffer-limit", "normal 100000 0 0");
        Client.Ask("SETRANGE", "k", "999", "x");
        Client.Send(RequestBytes.Of(["MGET", .. Enumerable.Repeat("k", 105)]));

        Assert.That(ByteText.Text(Client.ReadToEnd()), Is.Empty);
    }

    [Test]
    public void Slow_requests_that_came_together_are_all_answered()
    {
        string[][] slowly = [["DEBUG", "SLEEP", "0.002"], ["PING"]];
        Client.Send(RequestBytes.Pipeline(Enumerable.Repeat(slowly, 10).SelectMany(pair => pair)));

        for (var i = 0; i < 10; i++) Assert.That(Client.ReadText() + Client.ReadText(), Is.EqualTo("+OK+PONG"));
    }

    [TestCase("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [TestCase("Host: localhost\r\n")]
    public void Http_is_cut_off(string request)
    {
        Client.Send(ByteText.Bytes(request));

        Assert.That(Client.ReadToEnd(), Is.Empty);
    }

    [Test]
    public void An_unknown_command_is_named_with_its_arguments() => Assert.That(
        Client.Ask("nosuch", "a", "b"), Is.EqualTo("-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "));

    [Test]
    public void A_client_can_kill_itself_by_address_and_hears_of_it()
    {
        Assert.That(Client.Ask("CLIENT", "KILL", Client.LocalAddress), Is.EqualTo("+OK"));
        Assert.That(Client.ReadToEnd(), Is.Empty);
    }

    [Test]
    public void A_client_beyond_maxclients_is_told_and_closed()
    {
        using var server = new InProcessServer(("maxclients", "1"));
        using var first = server.Connect();
        Assert.That(first.Ask("PING"), Is.EqualTo("+PONG"));

        using var second = server.Connect();

        Assert.That(ByteText.Text(second.ReadToEnd()), Is.EqualTo("-ERR max number of clients reached\r\n"));
        Assert.That(first.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Limits_are_tight_before_authentication_and_wide_in_the_same_read_after_it()
    {
        using var server = new InProcessServer(("requirepass", "secret"));
        using var client = server.Connect();

        client.Send(RequestBytes.Pipeline([["AUTH", "secret"], ["DEL", .. Enumerable.Repeat("k", 20)]]));
        Assert.That(new[] { client.ReadText(), client.ReadText() }, Is.EqualTo(new[] { "+OK", ":0" }));

        using var stranger = server.Connect();
        stranger.Send(RequestBytes.Of(["DEL", .. Enumerable.Repeat("k", 20)]));
        Assert.That(ByteText.Text(stranger.ReadToEnd()), Is.EqualTo("-ERR Protocol error: unauthenticated multibulk length\r\n"));
    }

    [Test]
    public void A_client_that_does_not_read_is_closed_at_its_limit_and_harms_nobody()
    {
        using var server = new InProcessServer(("client-output-buffer-limit", "normal 1000000 0 0"));
        using var reader = server.Connect();
        using var hoarder = server.Connect();
        reader.Ask("SET", "big", new string('v', 500_000));

        hoarder.Send(RequestBytes.Pipeline(Enumerable.Repeat(new[] { "GET", "big" }, 100)));

        Eventually.True(() => server.OnLoop(() => server.Server.Clients.Count) == 1, () => "the hoarder is still connected");
        Assert.That(server.OnLoop(() => server.Server.Statistics.OutputBufferLimitDisconnections), Is.EqualTo(1));
        Assert.That(reader.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void An_idle_client_owns_no_buffers()
    {
        Client.Ask("SET", "k", new string('v', 100_000));

        Eventually.True(
            () => Server.OnLoop(() => Server.Server.Clients.Oldest!.BufferBytes) == 0,
            () => $"it owns {Server.OnLoop(() => Server.Server.Clients.Oldest!.BufferBytes)} bytes");
    }

    [Test]
    public void A_client_that_asks_for_more_than_its_share_of_a_turn_is_answered_in_full_while_others_are_served()
    {
        Client.Ask("SET", "big", new string('v', 300_000));
        using var greedy = Server.Connect();

        greedy.Send(RequestBytes.Pipeline(Enumerable.Repeat(new[] { "GET", "big" }, 300)));

        Assert.That(Client.Ask("PING"), Is.EqualTo("+PONG"));
        for (var i = 0; i < 300; i++) Assert.That(greedy.ReadReply(), Has.Length.EqualTo(300_000 + "$300000\r\n\r\n".Length));
        Assert.That(greedy.Ask("PING"), Is.EqualTo("+PONG"));
    }
}
