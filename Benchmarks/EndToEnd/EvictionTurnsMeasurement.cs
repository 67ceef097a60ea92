using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- eviction-turns [--rounds 3] [--executable PATH]
//
// How long eviction holds the loop: the longest turn of each half second in processor time, while redis-benchmark's 50 clients send pipelines of
// 16. What a virtual machine's own clock adds (see "clock") is in every load alike, so there are controls: the same SETs over few keys without a
// limit, and GETs. Turns that only eviction would have show as a difference between the lines; what GETs show too is the machine.

/// <summary>Measures the longest turns under eviction beside those of loads that evict nothing.</summary>
internal static class EvictionTurnsMeasurement
{
    private const int SamplesPerLoad = 16;
    private const int SampleMs = 500;
    private const int WarmMs = 1000;
    private const int LongMicros = 2000;

    private static readonly Load[] Loads =
    [
        new("SET, each evicts", "100mb", ["-r", "10000000", "SET", "key:__rand_int__", new string('v', 100)]),
        new("SET, none evicts", "0", ["-r", "100000", "SET", "key:__rand_int__", new string('v', 100)]),
        new("GET", "0", ["-r", "100000", "GET", "key:__rand_int__"]),
    ];

    /// <summary>Runs with the arguments after "eviction-turns".</summary>
    public static int Run(string[] args)
    {
        var options = new CommandOptions(args);
        var executable = options.Executable ?? Peers.SolutionFile("Server", "bin", "Release", "net10.0", "kestrel-free");
        using var server = PeerServer.Start("kestrel-free", $"{executable} --port {{port}} --bind 127.0.0.1 --save ''");
        using var client = new PipelinedClient(server.Port);
        client.Ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var load in Loads) Measure(server, client, load);
        }

        foreach (var load in Loads) Console.WriteLine(load.Summary());
        return 0;
    }

    private static void Measure(PeerServer server, PipelinedClient client, Load load)
    {
        client.Ask("CONFIG", "SET", "maxmemory", load.MaxMemory);
        string[] words = ["-p", $"{server.Port}", "-c", "50", "-P", "16", "-q", "-n", "100000000", .. load.Request];
        using var benchmark = Process.Start(new ProcessStartInfo("redis-benchmark", words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        benchmark.OutputDataReceived += static (_, _) => { };
        benchmark.BeginOutputReadLine();
        Thread.Sleep(WarmMs);
        for (var sample = 0; sample < SamplesPerLoad; sample++)
        {
            client.Ask("CONFIG", "RESETSTAT");
            Thread.Sleep(SampleMs);
            var info = client.Ask("INFO", "stats");
            load.Add(Field(info, "eventloop_longest_turn_cpu_usec"), Field(info, "evicted_keys"));
        }

        benchmark.Kill();
        benchmark.WaitForExit();
    }

    private static long Field(string info, string name)
    {
        var line = info.Split("\r\n").First(line => line.StartsWith(name + ':', StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Requests of redis-benchmark, and the longest turns that they met.</summary>
    private sealed class Load(string name, string maxMemory, string[] request)
    {
        private readonly List<long> _longest = [];
        private long _evicted;

        public string MaxMemory => maxMemory;

        public string[] Request => request;

        public void Add(long longestMicros, long evicted)
        {
            _longest.Add(longestMicros);
            _evicted += evicted;
        }

        public string Summary()
        {
            _longest.Sort();
            var tail = string.Join(' ', _longest.TakeLast(5));
            var over = _longest.Count(micros => micros > LongMicros);
            return string.Create(CultureInfo.InvariantCulture, $"{name}: {_longest.Count} half seconds, {_evicted} evictions, longest turn {_longest[_longest.Count / 2]} us in the median, over {LongMicros} us in {over}; the five longest {tail}");
        }
    }
}
