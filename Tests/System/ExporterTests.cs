using System.Net.Http;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Debian's prometheus-redis-exporter, which reads INFO, CONFIG, SLOWLOG, LATENCY and CLIENT LIST as most dashboards do.</summary>
internal sealed class ExporterTests
{
    [Test]
    public void It_scrapes_without_errors()
    {
        var exporter = Requirement.Program("prometheus-redis-exporter");
        using var server = KestrelFreeProcess.Start();
        using (var client = server.Connect())
        {
            client.Ask("SET", "key", "value");
            client.Ask("LATENCY", "RESET");
        }

        var port = FreePort.Next();
        using var process = ServerProcess.Launch(new ServerLaunch(exporter)
        {
            Arguments = ["-redis.addr", $"redis://127.0.0.1:{server.Port}", "-web.listen-address", $"127.0.0.1:{port}", "-check-single-keys", "key", "-export-client-list"],
        });
        var text = "";
        Eventually.True(() => (text = Scrape(port)).Length > 0, () => process.Log);

        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Contain("redis_up 1"));
            Assert.That(text, Does.Contain("redis_exporter_last_scrape_error{err=\"\"} 0"));
            Assert.That(text, Does.Contain("redis_db_keys{db=\"db0\"} 1"));
            Assert.That(text, Does.Contain("redis_commands_total{cmd=\"set\"} 1"));
            Assert.That(process.Log, Does.Not.Contain("level=error"));
        });
    }

    private static string Scrape(int port)
    {
        using var http = new HttpClient();
        try
        {
            return http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")).GetAwaiter().GetResult();
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }
}
