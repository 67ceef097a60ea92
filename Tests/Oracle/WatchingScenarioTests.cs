using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>Scenes of pauses, of redirected tracking and of what it forgets, against the oracle; see <see cref="ScenarioTests"/>.</summary>
internal sealed class WatchingScenarioTests : OracleFixture
{
    [Test]
    public void Held_clients_go_on_in_the_order_in_which_they_came() => Compare(server =>
    {
        using var observer = server.Connect();
        var clients = Enumerable.Range(0, 4).Select(_ => server.Connect()).ToArray();
        observer.Ask("DEL", "order");
        observer.Ask("CLIENT", "PAUSE", "100000", "WRITE");
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i].SendRequest("APPEND", "order", $"{i}");
            WaitForBlocked(observer, i + 1);
        }

        List<string> told = [observer.Ask("GET", "order"), observer.Ask("CLIENT", "UNPAUSE"), .. clients.Select(client => client.ReadText()), observer.Ask("GET", "order")];
        foreach (var client in clients) client.Dispose();
        return [.. told];
    });

    [Test]
    public void A_held_client_is_listed_as_blocked_and_can_be_killed() => Compare(server =>
    {
        using var observer = server.Connect();
        using var held = server.Connect();
        var id = held.Ask("CLIENT", "ID")[1..];
        observer.Ask("CLIENT", "PAUSE", "100000", "WRITE");
        held.SendRequest("SET", "held", "v");
        WaitForBlocked(observer, 1);
        var flags = observer.AskPayload("CLIENT", "LIST", "ID", id).Split(' ').Single(field => field.StartsWith("flags=", StringComparison.Ordinal));
        return [flags, observer.Ask("CLIENT", "KILL", "ID", id), observer.Ask("CLIENT", "UNPAUSE"), observer.Ask("EXISTS", "held")];
    });

    // The oracle, 7.0, ends with a failed assertion.
    [Test]
    public void A_held_client_cannot_be_unblocked()
    {
        using var observer = Pair.Ours.Connect();
        using var held = Pair.Ours.Connect();
        var id = held.Ask("CLIENT", "ID")[1..];
        observer.Ask("CLIENT", "PAUSE", "100000", "WRITE");
        held.SendRequest("SET", "k", "v");
        WaitForBlocked(observer, 1);

        Assert.That(observer.Ask("CLIENT", "UNBLOCK", id), Is.EqualTo(":0"));
        Assert.That(observer.Ask("CLIENT", "UNPAUSE"), Is.EqualTo("+OK"));
        Assert.That(held.ReadText(), Is.EqualTo("+OK"));
    }

    [Test]
    public void A_pause_of_everything_ends_by_itself() => Compare(server =>
    {
        using var client = server.Connect();
        return [client.Ask("CLIENT", "PAUSE", "30"), client.Ask("PING"), client.Ask("CLIENT", "UNPAUSE")];
    });

    [Test]
    public void Keys_do_not_expire_in_a_pause() => Compare(server =>
    {
        using var client = server.Connect();
        client.Ask("CONFIG", "RESETSTAT");
        List<string> told = [client.Ask("MULTI"), client.Ask("SET", "due", "v", "PX", "1"), client.Ask("CLIENT", "PAUSE", "100000", "WRITE"), client.Ask("EXEC")];
        Eventually.True(() => client.Ask("GET", "due") == "$nil", () => "the key is still seen");
        told.Add(client.InfoField("expired_keys"));
        told.Add(client.Ask("CLIENT", "UNPAUSE"));
        Eventually.True(() => client.Ask("GET", "due") == "$nil" && client.InfoField("expired_keys") == "1", () => "the key has not expired");
        return [.. told];
    });

    [TestCase(2)]
    [TestCase(3)]
    public void Invalidations_go_to_the_client_that_they_are_redirected_to(int version) => Compare(server =>
    {
        using var receiver = server.Connect();
        if (version == 3) receiver.Ask("HELLO", "3");
        var id = receiver.Ask("CLIENT", "ID")[1..];
        receiver.Ask("SUBSCRIBE", "__redis__:invalidate");
        using var client = server.Connect();
        using var other = server.Connect();
        List<string> told = [client.Ask("CLIENT", "TRACKING", "ON", "REDIRECT", id), client.Ask("CLIENT", "GETREDIR") == $":{id}" ? "redirected" : "not"];
        client.Ask("MGET", "a", "b");
        told.Add(client.Ask("SET", "a", "1"));
        told.Add(receiver.ReadText());
        other.Ask("SET", "b", "1");
        told.Add(receiver.ReadText());
        other.Ask("FLUSHALL");
        told.Add(receiver.ReadText());
        client.Ask("CLIENT", "TRACKING", "OFF");
        client.Ask("CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", id, "PREFIX", "p");
        other.Ask("MSET", "p2", "1", "p1", "1", "q", "1");
        told.Add(receiver.ReadText());
        return [.. told];
    });

    [TestCase(2)]
    [TestCase(3)]
    public void A_client_may_redirect_to_itself(int version) => Compare(server =>
    {
        using var client = server.Connect();
        using var other = server.Connect();
        if (version == 3) client.Ask("HELLO", "3");
        List<string> told = [client.Ask("CLIENT", "TRACKING", "ON", "REDIRECT", client.Ask("CLIENT", "ID")[1..]), client.Ask("GET", "own")];
        told.Add(client.Ask("SUBSCRIBE", "__redis__:invalidate"));
        other.Ask("SET", "own", "1");
        told.Add(client.ReadText());
        return [.. told];
    });

    [Test]
    public void A_client_is_told_that_its_redirection_is_gone() => Compare(server =>
    {
        using var receiver = server.Connect();
        var id = receiver.Ask("CLIENT", "ID")[1..];
        using var client = server.Connect();
        client.Ask("HELLO", "3");
        client.Ask("CLIENT", "TRACKING", "ON", "REDIRECT", id);
        client.Ask("GET", "a");
        using var other = server.Connect();
        List<string> told = [other.Ask("CLIENT", "KILL", "ID", id), other.Ask("SET", "a", "1")];
        told.Add(client.ReadText().Replace($":{id}", ":<id>", StringComparison.Ordinal));
        told.Add(client.Ask("CLIENT", "TRACKINGINFO").Replace($":{id}", ":<id>", StringComparison.Ordinal));
        told.Add(client.AskPayload("CLIENT", "INFO").Split(' ').Single(field => field.StartsWith("flags=", StringComparison.Ordinal)));
        return [.. told];
    });

    [Test]
    public void The_table_forgets_keys_beyond_its_limit_and_says_so() => Compare(server =>
    {
        using var client = server.Connect();
        client.Ask("FLUSHALL");
        client.Ask("CONFIG", "SET", "tracking-table-max-keys", "1000");
        client.Ask("HELLO", "3");
        client.Ask("CLIENT", "TRACKING", "ON");
        for (var i = 0; i < 250; i++) client.Ask("GET", $"key{i}");
        using var other = server.Connect();
        List<string> told = [other.InfoField("tracking_total_keys"), other.InfoField("tracking_total_items"), other.InfoField("tracking_clients")];
        other.Ask("CONFIG", "SET", "tracking-table-max-keys", "1");
        var forgotten = Enumerable.Range(0, 249).Select(_ => client.ReadText()).Distinct().Count();
        told.AddRange([$"{forgotten}", other.InfoField("tracking_total_keys"), other.Ask("CONFIG", "SET", "tracking-table-max-keys", "1000000")]);
        return [.. told];
    });

    [Test]
    public void Expiry_invalidates() => Compare(server =>
    {
        using var client = server.Connect();
        client.Ask("HELLO", "3");
        client.Ask("CLIENT", "TRACKING", "ON", "NOLOOP");
        using var other = server.Connect();
        other.Ask("SET", "due", "v", "PX", "2000");
        return [client.Ask("GET", "due"), client.ReadText()];
    });

    [Test]
    public void Watching_a_key_past_its_time_deletes_nothing() => Compare(server =>
    {
        using var client = server.Connect();
        using var other = server.Connect();
        client.Ask("FLUSHALL");
        client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        List<string> told = [];
        foreach (var change in new[] { "PING", "GET w", "SET w v", "DEL w", "FLUSHDB", "SWAPDB 0 1" })
        {
            foreach (var line in new[] { "SET w v PXAT 1", "WATCH w", "DBSIZE" }) told.Add(client.AskLine(line));
            told.Add(other.AskLine(change));
            foreach (var line in new[] { "MULTI", "DBSIZE", "EXEC", "FLUSHALL" }) told.Add(client.AskLine(line));
        }

        foreach (var line in new[] { "SET w v", "WATCH w" }) told.Add(client.AskLine(line));
        told.Add(other.Ask("SET", "w", "v", "PXAT", "1"));
        foreach (var line in new[] { "MULTI", "DBSIZE", "EXEC", "FLUSHALL", "DEBUG SET-ACTIVE-EXPIRE 1" }) told.Add(client.AskLine(line));
        return told;
    });

    [Test]
    public void A_request_that_waited_is_logged_as_it_came() => Compare(server =>
    {
        using var client = server.Connect();
        using var other = server.Connect();
        client.Ask("FLUSHALL");
        client.Ask("XADD", "x", "1-1", "f", "v");
        client.Ask("CONFIG", "SET", "slowlog-log-slower-than", "0");
        client.SendRequest("XREAD", "BLOCK", "0", "STREAMS", "x", "$");
        WaitForBlocked(other, 1);
        List<string> told = [other.Ask("XADD", "x", "2-1", "f", "v"), client.ReadText()];
        told.Add(other.Ask("SLOWLOG", "GET").Split('\n').SkipWhile(line => !line.Contains("XREAD", StringComparison.Ordinal)).Take(6).Aggregate((one, next) => one + next));
        client.Ask("CONFIG", "SET", "slowlog-log-slower-than", "10000");
        return told;
    });

    [Test]
    public void A_client_whose_last_command_is_unknown_is_listed_with_none() => Compare(server =>
    {
        using var client = server.Connect();
        using var other = server.Connect();
        var id = client.Ask("CLIENT", "ID")[1..];
        return [client.Ask("NOSUCH"), CommandOf(), client.Ask("CLIENT", "NOSUCH"), CommandOf(), client.Ask("GET"), CommandOf()];

        string CommandOf() => other.AskPayload("CLIENT", "LIST", "ID", id).Split(' ').Single(field => field.StartsWith("cmd=", StringComparison.Ordinal));
    });

    // The array of EXEC promises three replies; the one of CLIENT REPLY OFF never comes.
    [Test]
    public void Silence_that_ends_in_a_transaction_leaves_messages_in_their_place() => Compare(server =>
    {
        using var client = server.Connect();
        client.Send(RequestBytes.Pipeline([["MULTI"], ["CLIENT", "REPLY", "OFF"], ["SUBSCRIBE", "s"], ["CLIENT", "REPLY", "ON"], ["EXEC"], ["QUIT"]]));
        return [ByteText.Text(client.ReadToEnd())];
    });

    private static void WaitForBlocked(RawConnection observer, int count) =>
        Eventually.True(() => observer.InfoField("blocked_clients") == $"{count}", () => observer.AskPayload("CLIENT", "LIST"));
}
