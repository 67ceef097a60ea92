using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- fork [--keys 10000000] [--bytes 32] [--rounds 3] [--only redis-server|kestrel-free]
//     [--what SAVE,LOAD,idle,BGSAVE,BGREWRITEAOF] [--executable PATH] [--settle 0]
//
// What saving the whole data set costs those who are served meanwhile, beside redis-server. Both are loaded with the same keys, then take turns:
// under a write load over all keys by the 50 clients of a redis-benchmark, the one saves in a forked child, the other on a thread that walks a
// fork, while a prober asks GET a thousand times a second. The rows called idle are the same load with nothing saved. SAVE and LOAD (DEBUG
// RELOAD NOSAVE, of what SAVE has written) have nobody beside them, and only their seconds count. Between two measurements --settle seconds go
// by, in which the system may write back what it has in its buffers.
//
// Before the first measurement each server has done all of it once with few keys: what is compiled or bound at its first call is not what is
// measured.
//
// The extra memory is what the copies take: of redis-server its own count, the child's private pages; of ours the growth of the resident set
// while the save lasts, which counts whatever else grew too. The longest turn (of processor time) and the longest pause of a garbage collection
// are ours alone, and of the measured time alone.

/// <summary>Measures forks: their own time, probes' latencies, and memory.</summary>
internal sealed class ForkMeasurement
{
    private const string Ours = "kestrel-free";

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    private readonly CommandOptions _options;

    private ForkMeasurement(CommandOptions options) => _options = options;

    /// <summary>Runs with the arguments after "fork".</summary>
    public static int Run(string[] args) => new ForkMeasurement(new CommandOptions(args)).Run();

    private int Run()
    {
        const string Bare = "--port {port} --bind 127.0.0.1 --save '' --appendonly no --loglevel warning --enable-debug-command yes --dir /tmp --dbfilename kestrel-fork-{port}.rdb --appenddirname kestrel-fork-{port}";
        (string Name, string Executable)[] peers = [("redis-server", "redis-server"), (Ours, _options.Executable ?? Peers.SolutionFile("Server", "bin", "Release", "net10.0", "kestrel-free"))];
        PeerServer[] servers = [.. peers.Where(peer => _options.Only is null || peer.Name == _options.Only).Select(peer => PeerServer.Start(peer.Name, $"{peer.Executable} {Bare}"))];
        foreach (var server in servers)
        {
            using var loader = new ProbeConnection(server.Port);
            Rehearse(loader);
            var watch = Stopwatch.StartNew();
            loader.Load(_options.Keys, _options.ValueBytes);
            Console.WriteLine($"{server.Name}: {_options.Keys} keys of 16 bytes with {_options.ValueBytes} bytes loaded in {watch.Elapsed.TotalSeconds:F1} s, {server.ResidentBytes >> 20} MiB resident");
        }

        Console.WriteLine("\n| server | what | fork us | seconds | k writes/s | probes | p50 ms | p99 | p99.9 | max | extra MiB | longest turn ms | GC pause ms | foreign cores |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        for (var round = 0; round < _options.Rounds; round++)
        {
            foreach (var server in servers)
            {
                foreach (var what in _options.What("SAVE,LOAD,idle,BGSAVE,BGREWRITEAOF")) Measure(server, what, round);
            }
        }

        foreach (var server in servers)
        {
            server.Dispose();
            File.Delete($"/tmp/kestrel-fork-{server.Port}.rdb");
            if (Directory.Exists($"/tmp/kestrel-fork-{server.Port}")) Directory.Delete($"/tmp/kestrel-fork-{server.Port}", recursive: true);
        }

        return 0;
    }

    private void Measure(PeerServer server, string what, int round)
    {
        Thread.Sleep(_options.SettleSeconds * 1000);
        using var control = new ProbeConnection(server.Port);
        if (what is "SAVE" or "LOAD")
        {
            MeasureAlone(server, control, what, round);
            return;
        }

        using var load = StartWrites(server);
        Thread.Sleep(1000);
        control.Ask("CONFIG", "RESETSTAT");
        using var prober = new Prober(server.Port, _options.Keys);
        var (busy, ended, spent) = (MachineLoad.BusyTime(), load.TotalProcessorTime, server.ProcessorTime);
        var (before, commands, watch) = (server.ResidentBytes, control.InfoNumber("total_commands_processed", "stats"), Stopwatch.StartNew());
        var peak = what == "idle" ? Idle(server) : ReadAll(server, control, what);
        var seconds = watch.Elapsed.TotalSeconds;
        var writes = control.InfoNumber("total_commands_processed", "stats") - commands;
        var latencies = prober.Stop();
        load.Refresh();
        var foreign = (MachineLoad.BusyTime() - busy - (load.TotalProcessorTime - ended) - (server.ProcessorTime - spent)).TotalSeconds / seconds;
        load.Kill();
        load.WaitForExit();
        var isOurs = server.Name == Ours;
        var extra = isOurs || what == "idle" ? peak - before : control.InfoNumber(what == "BGSAVE" ? "rdb_last_cow_size" : "aof_last_cow_size");
        var turn = isOurs ? control.InfoNumber("eventloop_longest_turn_cpu_usec") / 1000.0 : double.NaN;
        var pause = isOurs ? control.InfoNumber("gc_pause_longest_usec") / 1000.0 : double.NaN;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {server.Name} | {what} {round + 1} | {control.InfoNumber("latest_fork_usec")} | {seconds:F1} | {writes / seconds / 1000:F0} | {latencies.Count} | {At(latencies, 0.5):F2} | {At(latencies, 0.99):F2} | {At(latencies, 0.999):F2} | {At(latencies, 1):F2} | {extra / 1048576.0:F0} | {turn:F2} | {pause:F2} | {foreign:F2} |"));
    }

    private static void MeasureAlone(PeerServer server, ProbeConnection control, string what, int round)
    {
        var (busy, spent, watch) = (MachineLoad.BusyTime(), server.ProcessorTime, Stopwatch.StartNew());
        if (what == "SAVE") control.Ask("SAVE");
        else control.Ask("DEBUG", "RELOAD", "NOSAVE");
        var seconds = watch.Elapsed.TotalSeconds;
        var foreign = (MachineLoad.BusyTime() - busy - (server.ProcessorTime - spent)).TotalSeconds / seconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {server.Name} | {what} {round + 1} | | {seconds:F1} | | | | | | | | | | {foreign:F2} |"));
    }

    private static void Rehearse(ProbeConnection control)
    {
        control.Ask("DEBUG", "POPULATE", "1000");
        control.Ask("SAVE");
        control.Ask("DEBUG", "RELOAD", "NOSAVE");
        foreach (var what in (string[])["BGSAVE", "BGREWRITEAOF"])
        {
            control.Ask(what);
            while (control.InfoNumber("rdb_bgsave_in_progress", "persistence") + control.InfoNumber("aof_rewrite_in_progress", "persistence") != 0) Thread.Sleep(20);
        }

        control.Ask("FLUSHALL");
    }

    private static long Idle(PeerServer server)
    {
        Thread.Sleep(IdleTime);
        return server.ResidentBytes;
    }

    private static long ReadAll(PeerServer server, ProbeConnection control, string what)
    {
        control.Ask(what);
        var field = what == "BGSAVE" ? "rdb_bgsave_in_progress" : "aof_rewrite_in_progress";
        long peak = 0;
        do
        {
            Thread.Sleep(20);
            peak = Math.Max(peak, server.ResidentBytes);
        }
        while (control.InfoNumber(field, "persistence") != 0);
        return peak;
    }

    private Process StartWrites(PeerServer server)
    {
        var value = new string('y', _options.ValueBytes);
        string[] words = ["-p", $"{server.Port}", "-c", "50", "-n", "1000000000", "-r", $"{_options.Keys}", "-q", "SET", "key:__rand_int__", value];
        var process = Process.Start(new ProcessStartInfo("redis-benchmark", words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * share)];
}
