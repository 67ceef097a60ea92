using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- peers [--tests set,get,incr,mset] [--cells clients:pipeline:bytes:requests,...]
//     [--rounds 3] [--idle 10000] [--server "NAME=COMMAND --port {port}"]...
//
// Runs redis-benchmark against every server, cell by cell, and prints one table of ratios to redis-server. The servers
// take turns within each round, and each round begins with another one, so that what the machine does meanwhile falls on
// all of them alike; every figure is the median of the rounds. A cell marked ! ran while other processes took more than
// 0.15 of a core. Beside throughput stands the server's processor time per request, which is the fairer figure where the
// client is the bottleneck. Absolute figures move by a third between machines and hours; ratios within a run hold.

/// <summary>Times this server beside its peers.</summary>
internal sealed class PeerComparison
{
    private const double TooMuchForeignLoad = 0.15;

    private readonly CommandOptions _options;

    private PeerComparison(CommandOptions options) => _options = options;

    /// <summary>Runs with the arguments after "peers"; the exit code is 0 when every cell ran on every server.</summary>
    public static int Run(string[] args) => new PeerComparison(new CommandOptions(args)).Run();

    private int Run()
    {
        var servers = new List<PeerServer>();
        try
        {
            foreach (var (name, command) in _options.Servers)
                servers.Add(PeerServer.Start(name, command));

            Prepare(servers);
            return Measure(servers);
        }
        finally
        {
            foreach (var server in servers)
                server.Dispose();
        }
    }

    /// <summary>Opens the idle connections, and lets every server compile and grow what it will need.</summary>
    private void Prepare(List<PeerServer> servers)
    {
        foreach (var server in servers)
        {
            server.AddIdleConnections(_options.Idle);
            foreach (var test in new[] { "set", "get" })
                new BenchmarkCell(test, 50, 16, 3, _options.WarmUp).Run(server);

            Console.WriteLine($"{server.Name}: first PING after {server.FirstPing.TotalMilliseconds:0} ms, {server.ResidentBytes >> 20} MiB resident, {_options.Idle} idle connections");
        }
    }

    private int Measure(List<PeerServer> servers)
    {
        var baseline = servers.FindIndex(server => server.Name == "redis-server") is var at and >= 0 ? at : 0;
        Console.WriteLine($"\nk requests a second, its ratio to {servers[baseline].Name}; processor time per request, its ratio; p99 in ms; medians of {_options.Rounds} rounds\n");
        Console.WriteLine($"| cell | {string.Join(" | ", servers.Select(server => server.Name))} |");
        Console.WriteLine($"|---|{string.Concat(servers.Select(_ => "---|"))}");
        var failures = 0;
        foreach (var cell in BenchmarkCell.All(_options.Cells, _options.Tests))
        {
            var medians = RunRounds(cell, servers);
            failures += medians.Count(median => median is null);
            Console.WriteLine($"| {cell} | {string.Join(" | ", medians.Select(median => Shown(median, medians[baseline])))} |");
        }

        return failures == 0 ? 0 : 1;
    }

    private BenchmarkRun?[] RunRounds(BenchmarkCell cell, List<PeerServer> servers)
    {
        var runs = servers.Select(_ => new List<BenchmarkRun>()).ToArray();
        for (var round = 0; round < _options.Rounds; round++)
        {
            for (var turn = 0; turn < servers.Count; turn++)
            {
                var at = (round + turn) % servers.Count;
                if (cell.Run(servers[at]) is { } run) runs[at].Add(run);
            }
        }

        return [.. runs.Select(each => each.Count == _options.Rounds ? BenchmarkRun.Median(each) : null)];
    }

    private static string Shown(BenchmarkRun? run, BenchmarkRun? baseline)
    {
        if (run is null) return "failed";

        var (speed, cost) = (run.RequestsPerSecond / baseline?.RequestsPerSecond, run.ProcessorMicros / baseline?.ProcessorMicros);
        var mark = run.ForeignShare > TooMuchForeignLoad ? " !" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{run.RequestsPerSecond / 1000:0}k x{speed:0.00}; {run.ProcessorMicros:0.00} us x{cost:0.00}; {run.P99Ms:0.0}{mark}");
    }
}
