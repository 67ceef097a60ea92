using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- eviction [--keys 400000] [--requests 4000000] [--maxmemory 20mb] [--executable PATH]
//
// Two things that eviction is to do. Keep what will be asked for: a cache in front of something slow is asked for keys that follow Zipf's law with
// exponent 0.99; what it does not have is put into it, 100 bytes each. The hit ratio counts from the middle of the trace on. The same trace
// goes to redis-server, with the same maxmemory. And not cost much: SETs of ever new keys in pipelines, each of which has to evict.

/// <summary>Measures hit ratios, and throughput under eviction, beside redis-server.</summary>
internal static class EvictionMeasurement
{
    private const double Exponent = 0.99;
    private const int ValueBytes = 100;
    private const int Batch = 256;
    private static readonly string[] Policies = ["allkeys-lru", "allkeys-lfu"];
    private static readonly string[] Told = ["used_memory:", "used_memory_rss:", "evicted_keys", "eventloop_longest_turn_cpu_usec"];

    /// <summary>Runs with the arguments after "eviction".</summary>
    public static int Run(string[] args)
    {
        var keys = int.Parse(Text(args, "--keys", "400000"), CultureInfo.InvariantCulture);
        var requests = int.Parse(Text(args, "--requests", "4000000"), CultureInfo.InvariantCulture);
        var maxmemory = Text(args, "--maxmemory", "20mb");
        foreach (var policy in Policies)
        {
            foreach (var (name, command) in Servers(args))
            {
                using var server = PeerServer.Start(name, command);
                using var client = new PipelinedClient(server.Port);
                client.Ask("CONFIG", "SET", "maxmemory-policy", policy);
                client.Ask("CONFIG", "SET", "maxmemory", maxmemory);
                MeasureHits(name, policy, client, new Zipf(keys), requests);
                MeasureWrites(name, policy, client, requests / 2);
            }
        }

        return 0;
    }

    private static IEnumerable<(string Name, string Command)> Servers(string[] args)
    {
        var executable = Text(args, "--executable", "");
        foreach (var (name, command) in Peers.Installed())
        {
            if (name == "kestrel-free epoll") yield return ("kestrel-free", executable.Length == 0 ? command : $"{executable} {command.Split(' ', 2)[1]}");
            else if (name == "redis-server") yield return (name, command);
        }
    }

    private static void MeasureHits(string name, string policy, PipelinedClient client, Zipf trace, int requests)
    {
        var value = new string('x', ValueBytes);
        var batch = new string[Batch];
        var lengths = new List<long>(Batch);
        long asked = 0, hits = 0;
        for (var done = 0; done < requests; done += Batch)
        {
            for (var i = 0; i < Batch; i++) client.SendForInteger("STRLEN", batch[i] = $"key:{trace.Next():D10}");
            client.DrainIntegers(lengths);
            for (var i = 0; i < Batch; i++)
            {
                if (lengths[i] == 0) client.Send("SET", batch[i], value);
            }

            client.Drain();
            if (done < requests / 2) continue;
            asked += Batch;
            hits += lengths.Count(length => length != 0);
        }

        Print($"{name}, {policy}: hit ratio, per cent", 100.0 * hits / asked);
        Print("  keys held", double.Parse(client.Ask("DBSIZE"), CultureInfo.InvariantCulture));
        Tell(client);
    }

    private static void MeasureWrites(string name, string policy, PipelinedClient client, int requests)
    {
        var value = new string('x', ValueBytes);
        client.Ask("CONFIG", "RESETSTAT");
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < requests; i++) client.Send("SET", $"new:{i:D10}", value);
        client.Drain();
        Print($"{name}, {policy}: SETs a second, each evicting", requests / watch.Elapsed.TotalSeconds);
        Tell(client);
    }

    private static void Tell(PipelinedClient client)
    {
        foreach (var line in client.Ask("INFO", "stats", "memory").Split("\r\n"))
        {
            if (Told.Any(name => line.StartsWith(name, StringComparison.Ordinal))) Console.WriteLine("  " + line);
        }
    }

    private static void Print(string what, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {value:F2}"));

    private static string Text(string[] args, string name, string missing)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? missing : args[at + 1];
    }

    /// <summary>Ranks that follow Zipf's law, the same ones each time.</summary>
    private sealed class Zipf
    {
        private readonly double[] _upto;
        private readonly Random _dice = new(1);

        public Zipf(int ranks)
        {
            _upto = new double[ranks];
            double sum = 0;
            for (var rank = 0; rank < ranks; rank++) _upto[rank] = sum += 1 / Math.Pow(rank + 1, Exponent);
        }

        public int Next()
        {
            var at = Array.BinarySearch(_upto, _dice.NextDouble() * _upto[^1]);
            return at < 0 ? ~at : at;
        }
    }
}
