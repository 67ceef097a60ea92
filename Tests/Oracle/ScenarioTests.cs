using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// What takes several clients. A scenario is told in replies: it runs on both servers and must come out as the same text,
// so it leaves out what is each server's own (ids, ports) and waits for what another client's command brings about.

/// <summary>Scenes with several clients against the oracle.</summary>
internal sealed class ScenarioTests : OracleFixture
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Test]
    public void Client_ids_grow_by_one() => Compare(server =>
    {
        using var first = server.Connect();
        using var second = server.Connect();
        return [$"{IdOf(second) - IdOf(first)}"];
    });

    [TestCase("ID")]
    [TestCase("ADDR")]
    [TestCase("old")]
    public void A_killed_client_is_disconnected_and_the_killer_gets_its_count(string filter) => Compare(server =>
    {
        using var victim = server.Connect();
        using var killer = server.Connect();
        var id = IdOf(victim);
        string[] request = filter switch
        {
            "ID" => ["CLIENT", "KILL", "ID", $"{id}"],
            "ADDR" => ["CLIENT", "KILL", "ADDR", victim.LocalAddress],
            _ => ["CLIENT", "KILL", victim.LocalAddress],
        };
        return [killer.Ask(request), $"{victim.IsClosedByServer(Soon)}", killer.Ask(request)];
    });

    [Test]
    public void A_client_that_kills_itself_gets_the_reply_first() => Compare(server =>
    {
        using var client = server.Connect();
        return [client.Ask("CLIENT", "KILL", "ID", $"{IdOf(client)}", "SKIPME", "no"), $"{client.IsClosedByServer(Soon)}"];
    });

    [Test]
    public void Skipme_spares_the_killer_unless_told_otherwise() => Compare(server =>
    {
        using var client = server.Connect();
        var id = $"{IdOf(client)}";
        return [client.Ask("CLIENT", "KILL", "ID", id, "SKIPME", "yes"), client.Ask("CLIENT", "KILL", "ID", id), client.Ask("PING")];
    });

    [Test]
    public void A_blocked_client_can_be_killed() => Compare(server =>
    {
        using var victim = server.Connect();
        using var killer = server.Connect();
        var id = IdOf(victim);
        Block(victim, killer, id);
        return [killer.Ask("CLIENT", "KILL", "ID", $"{id}"), $"{victim.IsClosedByServer(Soon)}"];
    });

    [TestCase("")]
    [TestCase("TIMEOUT")]
    [TestCase("error")]
    public void Client_unblock_ends_a_wait(string how) => Compare(server =>
    {
        using var sleeper = server.Connect();
        using var waker = server.Connect();
        var id = IdOf(sleeper);
        Block(sleeper, waker, id);
        string[] request = how == "" ? ["CLIENT", "UNBLOCK", $"{id}"] : ["CLIENT", "UNBLOCK", $"{id}", how];
        return [waker.Ask(request), sleeper.ReadText(), waker.Ask(request), sleeper.Ask("PING")];
    });

    [Test]
    public void Requests_behind_a_wait_are_served_after_it() => Compare(server =>
    {
        using var sleeper = server.Connect();
        using var waker = server.Connect();
        var id = IdOf(sleeper);
        sleeper.SendRequest("SET", "order", "1");
        Block(sleeper, waker, id, ["INCR", "order"]);
        var before = waker.Ask("GET", "order");
        return [before, waker.Ask("CLIENT", "UNBLOCK", $"{id}"), sleeper.ReadText(), sleeper.ReadText(), sleeper.ReadText()];
    });

    [Test]
    public void Wait_without_replicas_lasts_for_its_timeout() => Compare(server =>
    {
        using var client = server.Connect();
        var started = Environment.TickCount64;
        var reply = client.Ask("WAIT", "1", "120");
        var lasted = Environment.TickCount64 - started;
        return [reply, $"{lasted is >= 119 and < 2000}"];
    });

    [Test]
    public void Client_list_shows_every_client_by_name_and_id() => Compare(server =>
    {
        using var first = server.Connect();
        using var second = server.Connect(3);
        first.Ask("CLIENT", "SETNAME", "first");
        second.Ask("CLIENT", "SETNAME", "second");
        second.Ask("SELECT", "7");
        var ids = new[] { $"{IdOf(first)}", $"{IdOf(second)}" };
        var lines = first.AskPayload("CLIENT", "LIST", "ID", ids[1], ids[0], ids[1]).Trim().Split('\n');
        return [.. lines.Select(line => Fields(line, "name", "db", "flags", "multi", "events", "cmd", "user", "redir", "resp", "sub", "psub"))];
    });

    [Test]
    public void Client_list_shows_the_clients_address_and_ours() => Compare(server =>
    {
        using var client = server.Connect();
        var line = client.AskPayload("CLIENT", "INFO");
        return
        [
            $"{line.Contains($" addr={client.LocalAddress} ", StringComparison.Ordinal)}",
            $"{line.Contains($" laddr=127.0.0.1:{server.Port} ", StringComparison.Ordinal)}",
        ];
    });

    [Test]
    public void Reset_takes_a_client_back_to_its_beginning() => Compare(server =>
    {
        using var client = server.Connect(3);
        client.Ask("CLIENT", "SETNAME", "me");
        client.Ask("SELECT", "3");
        return [client.Ask("RESET"), client.Ask("CLIENT", "GETNAME"), Fields(client.AskPayload("CLIENT", "INFO"), "name", "db", "resp", "user", "flags")];
    });

    [TestCase("CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "PING")]
    [TestCase("CLIENT REPLY SKIP", "PING", "GET nosuch")]
    [TestCase("CLIENT REPLY SKIP", "CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "ECHO x")]
    [TestCase("CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "nosuch", "CLIENT REPLY ON")]
    [TestCase("CLIENT REPLY MAYBE", "CLIENT REPLY", "CLIENT REPLY ON OFF")]
    public void Replies_can_be_turned_off(params string[] lines) => Compare(server =>
    {
        using var client = server.Connect();
        client.Send(RequestBytes.Pipeline(lines.Select(ByteText.SplitArguments)));
        client.CloseSending();
        return [ReplyText.RenderAll(client.ReadToEnd())];
    });

    [Test]
    public void Databases_keep_their_keys_apart() => Compare(server =>
    {
        using var client = server.Connect();
        string[] lines = ["FLUSHALL", "SET k zero", "SELECT 9", "GET k", "SET k nine", "DBSIZE", "FLUSHDB", "DBSIZE", "SELECT 0", "GET k", "SELECT 16", "GET k", "SELECT 15", "GET k", "FLUSHALL", "SELECT 0", "DBSIZE"];
        return [.. lines.Select(client.AskLine)];
    });

    [Test]
    public void A_value_of_a_megabyte_comes_back_whole() => Compare(server =>
    {
        using var client = server.Connect();
        var value = string.Concat(Enumerable.Range(0, 1 << 17).Select(number => $"{number % 100000:00000}\r\n\0"));
        var set = client.Ask("SET", "big", value);
        return [set, client.Ask("STRLEN", "big"), $"{client.AskPayload("GET", "big") == value}", client.Ask("APPEND", "big", "x"), client.Ask("DEL", "big")];
    });

    [Test]
    public void A_pipeline_longer_than_any_buffer_is_answered_in_order() => Compare(server =>
    {
        using var client = server.Connect();
        client.Ask("SET", "n", "0");
        const int Count = 5000;
        var sender = Task.Run(() => client.Send(RequestBytes.Pipeline(Enumerable.Repeat<string[]>(["INCR", "n"], Count))));
        var inOrder = Enumerable.Range(1, Count).All(number => client.ReadText() == $":{number}");
        sender.Wait();
        return [$"{inOrder}"];
    });

    private static long IdOf(RawConnection client) => long.Parse(client.Ask("CLIENT", "ID").AsSpan(1));

    /// <summary>Lets a client wait for a replica that never comes, with requests behind, and returns once it is blocked.</summary>
    private static void Block(RawConnection client, RawConnection observer, long id, params IReadOnlyList<string>[] behind)
    {
        client.Send(RequestBytes.Pipeline([["WAIT", "1", "0"], .. behind]));
        Eventually.True(
            () => observer.AskPayload("CLIENT", "LIST", "ID", $"{id}").Contains(" flags=b ", StringComparison.Ordinal),
            () => $"client {id} is not blocked: {observer.AskPayload("CLIENT", "LIST")}");
    }

    private static string Fields(string line, params string[] names) =>
        string.Join(' ', line.Trim().Split(' ').Where(field => names.Contains(field.Split('=')[0])));
}
