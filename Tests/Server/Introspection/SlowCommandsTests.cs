using System.Diagnostics;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>What is noted of commands that took long or failed, against an in-process server.</summary>
internal sealed class SlowCommandsTests() : InProcessFixture(("enable-debug-command", "yes"), ("latency-monitor-threshold", "20"), ("slowlog-log-slower-than", "20000"))
{
    [Test]
    public void A_slow_command_is_in_the_slow_log_and_in_the_latency_monitor()
    {
        Client.Ask("DEBUG", "SLEEP", "0.05");

        Assert.That(Slow(), Is.EqualTo(new[] { "DEBUG SLEEP 0.05" }));
        Assert.That(Server.OnLoop(() => Server.Server.Latency.Series["command"].MaxMs), Is.AtLeast(50));
        Assert.That(Client.AskPayload("LATENCY", "DOCTOR"), Does.Contain("1. command: 1 latency spikes"));
        Assert.That(Client.AskPayload("LATENCY", "GRAPH", "command"), Does.StartWith("command - high "));
        Assert.That(Client.Ask("LATENCY", "RESET"), Is.EqualTo(":1"));
        Assert.That(Client.Ask("LATENCY", "LATEST"), Is.EqualTo("*0"));
    }

    [TestCase("20", 1)]
    [TestCase("0", 0)]
    [TestCase("3600000", 0)]
    public void What_takes_long_besides_commands_is_sampled_over_the_threshold(string threshold, int samples)
    {
        Client.Ask("CONFIG", "SET", "latency-monitor-threshold", threshold);

        var kept = Server.OnLoop(() =>
        {
            var began = Server.Server.Latency.Start();
            var earlier = began == 0 ? 0 : began - Stopwatch.Frequency / 20;
            Server.Server.Latency.AddSince(earlier, "aof-write");
            return Server.Server.Latency.Series.GetValueOrDefault("aof-write")?.Samples.Count() ?? 0;
        });

        Assert.That(kept, Is.EqualTo(samples));
    }

    [Test]
    public void Waiting_is_not_slowness()
    {
        Client.Ask("WAIT", "1", "60");

        Assert.That(Slow(), Is.Empty);
        Assert.That(Server.OnLoop(() => Server.Server.Commands.Find("wait"u8)!.Latencies!.NanosAt(100)), Is.LessThan(60_000_000));
    }

    [Test]
    public void A_failure_within_a_transaction_is_not_execs()
    {
        foreach (var line in new[] { "MULTI", "SET k abc", "INCR k", "INCR k", "EXEC", "EXEC" }) Client.AskLine(line);

        var info = Client.AskPayload("INFO", "commandstats");
        Assert.That(Statistics(info, "incr"), Does.StartWith("calls=2,").And.EndsWith(",failed_calls=2"));
        Assert.That(Statistics(info, "exec"), Does.StartWith("calls=2,").And.EndsWith(",failed_calls=1"));
    }

    [Test]
    public void Percentiles_are_reported_for_what_was_called()
    {
        Client.Ask("SET", "k", "v");
        Client.Ask("CONFIG", "SET", "latency-tracking-info-percentiles", "0 50 99.95");

        var info = Client.AskPayload("INFO", "latencystats");

        Assert.That(info, Does.Match(@"latency_percentiles_usec_set:p0=\d+\.\d{3},p50=\d+\.\d{3},p99\.95=\d+\.\d{3}\r\n"));
        Assert.That(info, Does.Contain("latency_percentiles_usec_config|set:"));
        Assert.That(info, Does.Not.Contain("_get:"));
    }

    [Test]
    public void Latency_tracking_can_be_off()
    {
        using var server = new InProcessServer(("latency-tracking", "no"));
        using var client = server.Connect();
        client.Ask("SET", "k", "v");

        Assert.That(client.AskPayload("INFO", "latencystats"), Is.EqualTo("# Latencystats\r\n"));
        Assert.That(client.Ask("LATENCY", "HISTOGRAM", "set"), Is.EqualTo("*0"));
    }

    private string[] Slow() => Server.OnLoop(() => Server.Server.Slowlog.Entries.Select(entry => string.Join(' ', entry.Arguments.Select(argument => ByteText.Text(argument)))).ToArray());

    private static string Statistics(string info, string command) =>
        info.Split("\r\n").Single(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal)).Split(':')[1];
}
