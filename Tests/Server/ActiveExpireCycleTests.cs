using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Notifications;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server;

/// <summary>Keys go without being asked for, and what clients see of time stands still within a command.</summary>
[TestFixture]
internal sealed class ActiveExpireCycleTests() : InProcessFixture(("enable-debug-command", "yes"))
{
    [Test]
    public void Keys_go_from_every_database_though_nobody_reads_them()
    {
        foreach (var database in new[] { "0", "7", "15" })
        {
            Client.Ask("SELECT", database);
            Client.Ask("SET", "stays", "v", "EX", "1000");
            for (var i = 0; i < 100; i++) Client.Ask("SET", $"k{i}", "v", "PX", $"{1 + i}");
        }

        Eventually.True(() => Client.InfoNumber("expired_keys") == 300, () => Client.AskPayload("INFO", "stats", "keyspace"));

        Assert.That(Client.AskPayload("INFO", "keyspace"), Does.Contain("db0:keys=1,expires=1,").And.Contain("db7:keys=1,expires=1,").And.Contain("db15:keys=1,expires=1,"));
    }

    [Test]
    public void A_loop_without_work_wakes_up_for_a_key_that_comes_before_others()
    {
        var expired = new ExpiredKeys();
        Server.OnLoop(() =>
        {
            Server.Server.Observer.Notifications.Receiver = expired;
            Server.Server.Observer.Notifications.Enable(NotifyClasses.Keyevent | NotifyClasses.Expired);
            return true;
        });
        Client.Ask("SET", "late", "v", "EX", "1000");
        Client.Ask("SET", "later", "v", "EX", "2000");
        Client.Ask("SET", "soon", "v", "PX", "20");

        Assert.That(expired.First.Wait(Eventually.Patience), Is.True);
        Assert.That(expired.First.Result, Is.EqualTo("expired soon"));
    }

    [Test]
    public void It_can_be_turned_off_and_on_again()
    {
        Client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        Client.Ask("SET", "read", "v", "PX", "1");
        Client.Ask("SET", "unread", "v", "PX", "1");
        AwaitTime(300);
        Assert.That(Client.Ask("DBSIZE"), Is.EqualTo(":2"));
        Assert.That(Client.Ask("GET", "read"), Is.EqualTo("$nil"));
        Assert.That(Client.Ask("DBSIZE"), Is.EqualTo(":1"));

        Client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "1");

        Eventually.True(() => Client.Ask("DBSIZE") == ":0", () => Client.Ask("DBSIZE"));
    }

    [Test]
    public void Figures_tell_what_it_did()
    {
        const int keys = 30_000;
        Client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        Client.Send(RequestBytes.Pipeline(Enumerable.Range(0, keys).Select(i => new[] { "SET", $"k{i}", "v", "PX", "1" })));
        for (var i = 0; i < keys; i++) Client.ReadReply();
        AwaitTime(20);
        Assert.That(Client.InfoNumber("expire_backlog_milliseconds"), Is.GreaterThan(0));

        Client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "1");

        Eventually.True(() => Client.InfoNumber("expired_keys") == keys, () => Client.AskPayload("INFO", "stats"));
        Assert.That(Client.InfoNumber("expire_backlog_milliseconds") + Client.InfoNumber("expire_backlog_keys"), Is.Zero);
        Assert.That(Client.InfoNumber("expired_time_cap_reached_count"), Is.GreaterThan(0));
        Assert.That(Client.InfoNumber("expire_cycle_cpu_milliseconds"), Is.GreaterThan(0));

        Client.Ask("CONFIG", "RESETSTAT");
        Assert.That(Client.InfoNumber("expired_keys") + Client.InfoNumber("expired_time_cap_reached_count") + Client.InfoNumber("expire_cycle_cpu_milliseconds"), Is.Zero);
    }

    [Test]
    public void A_key_does_not_expire_in_the_middle_of_a_command()
    {
        for (var round = 0; round < 50; round++)
        {
            Client.Ask("SET", "k", "v", "PX", "2");
            var replies = Client.Ask(["MGET", .. Enumerable.Repeat("k", 5000)]).Split('\n').Skip(1).Distinct().ToArray();
            Assert.That(replies, Has.Length.EqualTo(1), $"round {round}");
        }
    }

    [Test]
    public void A_key_that_has_expired_in_a_pipeline_stays_expired()
    {
        for (var round = 0; round < 50; round++)
        {
            Client.Send(RequestBytes.Pipeline(Enumerable.Range(0, 3000).Select(i => i == 0 ? ["SET", "k", "v", "PX", "1"] : new[] { "GET", "k" })));
            Client.ReadReply();
            var replies = Enumerable.Range(1, 2999).Select(_ => ByteText.Text(Client.ReadReply())).ToArray();
            Assert.That(replies, Is.Ordered.Using<string>((a, b) => b.Length.CompareTo(a.Length)), $"round {round}");
        }
    }

    // A client that asks for the time keeps the loop turning meanwhile.
    private void AwaitTime(long milliseconds)
    {
        var until = NowMicros() + milliseconds * 1000;
        Eventually.True(() => NowMicros() > until, () => "time stands still");
    }

    private long NowMicros()
    {
        var parts = Client.Ask("TIME").Split('\n').Skip(1).Select(line => long.Parse(line.Trim(' ', '$', '"'))).ToArray();
        return parts[0] * 1_000_000 + parts[1];
    }

    private sealed class ExpiredKeys : INotificationReceiver
    {
        private readonly TaskCompletionSource<string> _first = new();

        public Task<string> First => _first.Task;

        public void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key) =>
            _first.TrySetResult($"{ByteText.Text(what)} {ByteText.Text(key)}");
    }
}
