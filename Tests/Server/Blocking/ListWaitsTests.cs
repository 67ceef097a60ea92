using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Blocking;

/// <summary>How waiting for lists ends, other than by an element.</summary>
[TestFixture]
internal sealed class ListWaitsTests : InProcessFixture
{
    private RawConnection _other = null!;

    [SetUp]
    public void ConnectAnother() => _other = Server.Connect();

    [TearDown]
    public void DisconnectIt() => _other.Dispose();

    [TestCase("BLPOP", "k", "0")]
    [TestCase("BLMOVE", "k", "k2", "LEFT", "LEFT", "0")]
    [TestCase("BLMPOP", "0", "1", "k", "LEFT")]
    public void Client_unblock_ends_it_as_its_timeout_would_or_with_an_error(params string[] request)
    {
        var id = Client.Ask("CLIENT", "ID")[1..];
        Wait(Client, request);
        Assert.That(_other.Ask("CLIENT", "UNBLOCK", id), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("*nil"));

        Wait(Client, request);
        Assert.That(_other.Ask("CLIENT", "UNBLOCK", id, "ERROR"), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("-UNBLOCKED client unblocked via CLIENT UNBLOCK"));

        Assert.That(_other.Ask("RPUSH", "k", "x"), Is.EqualTo(":1"));
        Assert.That(_other.Ask("LLEN", "k"), Is.EqualTo(":1"), "who is unblocked takes nothing");
    }

    [TestCase("1e-400", "*nil")]
    [TestCase("0x1p-9999", "*nil")]
    [TestCase("1e400", "-ERR timeout is out of range")]
    [TestCase("-1e400", "-ERR timeout is negative")]
    [TestCase("1e5000", "-ERR timeout is not a float or out of range")]
    [TestCase("1e-5000", "-ERR timeout is not a float or out of range")]
    [TestCase("nan", "-ERR timeout is not a float or out of range")]
    public void A_timeout_has_the_range_of_a_long_double(string timeout, string reply) =>
        Assert.That(Client.Ask("BLPOP", "nothing", timeout), Is.EqualTo(reply));

    [Test]
    public void The_smallest_timeout_below_zero_rounds_up_to_waiting_for_ever()
    {
        Wait(Client, "BLPOP", "k", "-1e-400");
        Assert.That(_other.Ask("RPUSH", "k", "x"), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("*2\n  $\"k\"\n  $\"x\""));
    }

    [Test]
    public void Who_has_gone_takes_nothing()
    {
        using (var gone = Server.Connect())
            Wait(gone, "BLPOP", "k", "0");

        Eventually.True(() => _other.InfoNumber("blocked_clients") == 0, () => $"{_other.InfoNumber("blocked_clients")} still wait");
        Wait(Client, "BLPOP", "k", "0");
        Assert.That(_other.Ask("RPUSH", "k", "x"), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("*2\n  $\"k\"\n  $\"x\""));
    }

    [Test]
    public void Who_is_killed_takes_nothing()
    {
        var id = Client.Ask("CLIENT", "ID")[1..];
        Wait(Client, "BLPOP", "k", "0");
        Assert.That(_other.Ask("CLIENT", "KILL", "ID", id), Is.EqualTo(":1"));
        Assert.That(_other.Ask("RPUSH", "k", "x"), Is.EqualTo(":1"));
        Assert.That(_other.Ask("LLEN", "k"), Is.EqualTo(":1"));
        Assert.That(_other.InfoNumber("blocked_clients"), Is.Zero);
    }

    [Test]
    public void Requests_behind_one_that_waits_run_after_it_and_may_serve_others()
    {
        using var third = Server.Connect();
        third.Ask("PING");
        Wait(third, "BLPOP", "k2", "0");
        Client.Send(RequestBytes.Pipeline([["BLPOP", "k", "0"], ["RPUSH", "k2", "y"], ["BLPOP", "k", "0"]]));
        _other.Ask("PING");
        _other.Ask("RPUSH", "k", "x", "z");
        Assert.That(Client.ReadText(), Is.EqualTo("*2\n  $\"k\"\n  $\"x\""));
        Assert.That(Client.ReadText(), Is.EqualTo(":1"));
        Assert.That(Client.ReadText(), Is.EqualTo("*2\n  $\"k\"\n  $\"z\""));
        Assert.That(third.ReadText(), Is.EqualTo("*2\n  $\"k2\"\n  $\"y\""));
        Assert.That(_other.InfoNumber("blocked_clients"), Is.Zero);
    }

    [Test]
    public void Many_are_served_in_the_order_in_which_they_came()
    {
        RawConnection[] clients = [.. Enumerable.Range(0, 300).Select(_ => Server.Connect())];
        try
        {
            foreach (var client in clients) Wait(client, "BLPOP", "k", "0");
            for (var i = 0; i < clients.Length; i += 3) _other.Ask("RPUSH", "k", $"{i}", $"{i + 1}", $"{i + 2}");
            for (var i = 0; i < clients.Length; i++)
                Assert.That(clients[i].ReadText(), Is.EqualTo($"*2\n  $\"k\"\n  $\"{i}\""));
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }
    }

    [Test]
    public void A_key_past_its_time_serves_nobody()
    {
        Wait(Client, "BLPOP", "k", "0");
        _other.Send(RequestBytes.Pipeline([["MULTI"], ["RPUSH", "k", "x"], ["PEXPIREAT", "k", "1"], ["EXEC"], ["RPUSH", "k", "y"]]));
        for (var i = 0; i < 5; i++) _other.ReadText();
        Assert.That(Client.ReadText(), Is.EqualTo("*2\n  $\"k\"\n  $\"y\""));
    }

    private void Wait(RawConnection client, params string[] request)
    {
        var before = _other.InfoNumber("blocked_clients");
        client.SendRequest(request);
        Eventually.True(() => _other.InfoNumber("blocked_clients") == before + 1, () => $"{_other.InfoNumber("blocked_clients")} wait, {before} before");
    }
}
