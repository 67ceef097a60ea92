using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>One cell of the table: a test of redis-benchmark at so many clients, requests in flight, and bytes a value.</summary>
internal sealed record BenchmarkCell(string Test, int Clients, int Pipeline, int ValueBytes, int Requests)
{
    /// <summary>The cells of every test at every "clients:pipeline:bytes:requests".</summary>
    public static IEnumerable<BenchmarkCell> All(string cells, string tests) =>
        from cell in cells.Split(',')
        let parts = cell.Split(':').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray()
        from test in tests.Split(',')
        select new BenchmarkCell(test, parts[0], parts[1], parts[2], parts[3]);

    /// <summary>Runs redis-benchmark once against a server; null when it fails.</summary>
    public BenchmarkRun? Run(PeerServer server)
    {
        var words = CommandWords.Split($"-p {server.Port} -t {Test} -c {Clients} -P {Pipeline} -d {ValueBytes} -n {Requests} -r 100000 --csv");
        var (busy, ended, spent, watch) = (MachineLoad.BusyTime(), MachineLoad.EndedChildrenTime(), server.ProcessorTime, Stopwatch.StartNew());
        using var client = Process.Start(new ProcessStartInfo("redis-benchmark", words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = client.StandardOutput.ReadToEnd();
        client.WaitForExit();
        var wall = watch.Elapsed;
        var mine = server.ProcessorTime - spent;
        var foreign = MachineLoad.BusyTime() - busy - mine - (MachineLoad.EndedChildrenTime() - ended);
        var last = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split("\",\"");
        return client.ExitCode == 0 && last.Length == 8 && last[1] != "rps"
            ? new BenchmarkRun(Number(last[1]), Number(last[6]), mine.TotalMicroseconds / Requests, Math.Max(0, foreign / wall))
            : null;
    }

    public override string ToString() => $"{Test} c{Clients} P{Pipeline} {ValueBytes} B";

    private static double Number(string text) => double.Parse(text.Trim('"'), CultureInfo.InvariantCulture);
}

/// <summary>What one run of redis-benchmark showed.</summary>
/// <param name="RequestsPerSecond">As the client counted them.</param>
/// <param name="P99Ms">The client's 99th percentile of the latency.</param>
/// <param name="ProcessorMicros">The server's processor time per request.</param>
/// <param name="ForeignShare">Cores that processes other than server and client kept busy.</param>
internal sealed record BenchmarkRun(double RequestsPerSecond, double P99Ms, double ProcessorMicros, double ForeignShare)
{
    /// <summary>The medians of several runs, each figure by itself.</summary>
    public static BenchmarkRun Median(IReadOnlyCollection<BenchmarkRun> runs) => new(
        Median(runs, run => run.RequestsPerSecond), Median(runs, run => run.P99Ms), Median(runs, run => run.ProcessorMicros), Median(runs, run => run.ForeignShare));

    private static double Median(IEnumerable<BenchmarkRun> runs, Func<BenchmarkRun, double> figure)
    {
        var sorted = runs.Select(figure).Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
