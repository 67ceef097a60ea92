using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using KestrelFree.Server.Metrics;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Metrics;

/// <summary>metrics-port and the meters: what Prometheus reads, and what scrapers must not be able to do.</summary>
internal sealed class MetricsTests
{
    private InProcessServer _server = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _server = new InProcessServer();
        using var client = _server.Connect();
        client.Ask("MSET", "a", "1", "b", "2");
        client.Ask("EXPIRE", "a", "1000");
        client.Ask("CONFIG", "GET", "port");
        client.Ask("nosuch\"command");
        client.Ask("EVAL", "return redis.error_reply('ODD\"CODE x')", "0");
    }

    [OneTimeTearDown]
    public void Stop() => _server?.Dispose();

    [Test]
    public void Prometheus_parses_every_line()
    {
        var python = Requirement.FirstProgram("/usr/bin/python3", "python3");
        if (CommandLine.Run(python, "-c", "import prometheus_client.openmetrics").ExitCode != 0) throw Requirement.Missing("python3-prometheus-client is not installed.");

        var parsed = CommandLine.RunWithInput(python, Body("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Repository.PathTo("Tests", "Clients", "openmetrics_parse.py")).Output;

        Assert.That(parsed.TrimEnd(), Does.EndWith("\nok"), parsed);
        Assert.Multiple(() =>
        {
            Assert.That(parsed, Does.Contain("gauge redis_up{} 1.0"));
            Assert.That(parsed, Does.Contain("gauge redis_db_keys{db=db0} 2.0"));
            Assert.That(parsed, Does.Contain("gauge redis_db_keys_expiring{db=db0} 1.0"));
            Assert.That(parsed, Does.Contain("counter redis_commands_total{cmd=mset} 1.0"));
            Assert.That(parsed, Does.Contain("counter redis_commands_total{cmd=config|get} 1.0"));
            Assert.That(parsed, Does.Contain("counter redis_errors_total{err=ERR} "));
            Assert.That(parsed, Does.Contain("info redis_instance_info{"));
        });
    }

    [Test]
    public void Figures_are_those_of_info()
    {
        using var client = _server.Connect();
        var hits = client.InfoNumber("keyspace_hits");
        for (var i = 0; i < 7; i++) client.Ask("GET", "a");

        Assert.That(Value("redis_keyspace_hits_total"), Is.EqualTo(hits + 7));
        Assert.That(Value("redis_connected_clients"), Is.EqualTo(1));
        Assert.That(Value("redis_commands_processed_total"), Is.EqualTo(client.InfoNumber("total_commands_processed")));
    }

    [Test]
    public void A_listener_in_the_process_reads_the_same()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == ServerMeters.Name) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        listener.RecordObservableInstruments();

        Assert.That(seen.Keys, Is.SupersetOf(MetricsTable.Rows.Select(row => row.Name)));
    }

    [TestCase("GET /other HTTP/1.1\r\n\r\n", "404 Not Found")]
    [TestCase("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed")]
    [TestCase("PING\r\n\r\n", "400 Bad Request")]
    [TestCase("HEAD /metrics HTTP/1.0\r\n\r\n", "200 OK")]
    [TestCase("GET /metrics?x=1 HTTP/1.1\r\n\r\n", "200 OK")]
    public void Other_requests_are_told_so(string request, string status)
    {
        var answer = Ask(Encoding.ASCII.GetBytes(request));

        Assert.That(answer, Does.StartWith($"HTTP/1.1 {status}\r\n"));
        if (request.StartsWith("HEAD", StringComparison.Ordinal)) Assert.That(answer, Does.EndWith("\r\n\r\n"));
    }

    [Test]
    public void An_endless_request_is_cut_off() =>
        Assert.That(Ask(Encoding.ASCII.GetBytes("GET /" + new string('x', 8 * 1024 - "GET /".Length))), Does.StartWith("HTTP/1.1 431 "));

    [Test]
    public void A_request_may_come_in_pieces()
    {
        using var connection = new RawConnection(_server.MetricsEndPoint);
        foreach (var piece in "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") connection.Send([(byte)piece]);

        Assert.That(Encoding.UTF8.GetString(connection.ReadToEnd()), Does.EndWith("# EOF\n"));
    }

    [Test]
    public void Those_who_only_connect_are_few_and_hold_nobody_up()
    {
        var idle = Enumerable.Range(0, 40).Select(_ => new RawConnection(_server.MetricsEndPoint)).ToArray();
        using var client = _server.Connect();

        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
        Eventually.True(() => Closed() >= 24, () => $"{Closed()} of 40 are closed");

        foreach (var connection in idle) connection.Dispose();
        Eventually.True(() => TryAsk().StartsWith("HTTP/1.1 200", StringComparison.Ordinal), () => "no scrape after the idle ones left");

        int Closed() => idle.Count(connection => connection.IsClosedByServer(TimeSpan.Zero));
    }

    [Test]
    public void A_scrape_leaves_nothing_behind()
    {
        var before = _server.OnLoop(() => _server.Server.Loop.TimerCount);

        for (var i = 0; i < 100; i++) Body("GET /metrics HTTP/1.1\r\n\r\n");

        Eventually.True(() => _server.OnLoop(() => _server.Server.Loop.TimerCount) <= before + 1, () => "timers of scrapes that are over are still set");
    }

    [Test]
    public void A_listener_may_read_while_databases_are_emptied()
    {
        var failures = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == ServerMeters.Name && instrument.Name.StartsWith("redis_memory_used", StringComparison.Ordinal)) self.EnableMeasurementEvents(instrument);
        };
        listener.Start();
        using var client = _server.Connect();
        using var ended = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                try
                {
                    listener.RecordObservableInstruments();
                }
                catch (Exception)
                {
                    failures++;
                }
            }
        });

        for (var i = 0; i < 1000; i++)
        {
            client.Ask("SELECT", "9");
            client.Ask("SET", "key", "value");
            client.Ask("FLUSHDB", "ASYNC");
        }

        ended.Cancel();
        reading.Wait();
        Assert.That(failures, Is.Zero);
    }

    private double Value(string sample)
    {
        var line = Body("GET /metrics HTTP/1.1\r\n\r\n").Split('\n').Single(line => line.StartsWith(sample + " ", StringComparison.Ordinal));
        return double.Parse(line[sample.Length..], CultureInfo.InvariantCulture);
    }

    private string Body(string request)
    {
        var answer = Ask(Encoding.ASCII.GetBytes(request));
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Assert.That(answer, Does.Contain($"Content-Length: {Encoding.UTF8.GetByteCount(answer[head..])}\r\n"));
        return answer[head..];
    }

    private string TryAsk()
    {
        try
        {
            return Ask("GET /metrics HTTP/1.1\r\n\r\n"u8);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string Ask(ReadOnlySpan<byte> request)
    {
        using var connection = new RawConnection(_server.MetricsEndPoint);
        connection.Send(request);
        return Encoding.UTF8.GetString(connection.ReadToEnd());
    }
}
