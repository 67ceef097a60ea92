using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- expiry [--keys 10000000] [--burst 1000000] [--bursts 1] [--executable PATH] [--peers] [--control]
//
// Two things that expiry costs. Memory: resident bytes a key of 16 bytes with values of 3, 32 and 100 bytes that all have an expiry, each in a
// server of its own. A burst: so many keys fall due evenly over one second, while a client goes on reading some of them. It must never be handed
// one that is past its time; the server tells its longest turn; and the clock stops when DBSIZE is 0. With --peers redis-server does the same;
// with --control a thread that does nothing tells how long the longest turn seems to be without any work (see ClockControl).

/// <summary>Measures what keys with an expiry cost, and what a burst of them does.</summary>
internal static class ExpiryMeasurement
{
    private const int BurstMs = 1000;
    private const int GiveUpMs = 60_000;
    private static readonly int[] ValueBytes = [3, 32, 100];
    private static readonly string[] Told = ["expire", "eventloop_longest_turn_cpu_usec", "gc_pause_longest_usec", "gc_collections"];

    /// <summary>Runs with the arguments after "expiry".</summary>
    public static int Run(string[] args)
    {
        var keys = Number(args, "--keys", 10_000_000);
        var burst = Number(args, "--burst", 1_000_000);
        foreach (var (name, command) in Servers(args))
        {
            foreach (var bytes in keys == 0 ? [] : ValueBytes) MeasureMemory(name, command, keys, bytes);
            for (var i = burst > 0 ? Number(args, "--bursts", 1) : 0; i > 0; i--) MeasureBurst(name, command, burst, args);
        }

        return 0;
    }

    private static IEnumerable<(string Name, string Command)> Servers(string[] args)
    {
        var at = Array.IndexOf(args, "--executable");
        foreach (var (name, command) in Peers.Installed())
        {
            if (name == "kestrel-free epoll") yield return ("kestrel-free", at < 0 ? command : $"{args[at + 1]} {command.Split(' ', 2)[1]}");
            else if (name == "redis-server" && args.Contains("--peers")) yield return (name, command);
        }
    }

    private static void MeasureMemory(string name, string command, int keys, int valueBytes)
    {
        using var server = PeerServer.Start(name, command);
        using var client = new PipelinedClient(server.Port);
        var value = new string('x', valueBytes);
        for (var i = 0; i < keys; i++) client.Send("SET", $"key:{i:D12}", value, "EX", "86400");
        client.Drain();
        Print($"{name}: resident bytes a key, {keys} keys with an expiry, values of {valueBytes}", (double)server.ResidentBytes / keys);
    }

    private static void MeasureBurst(string name, string command, int keys, string[] args)
    {
        using var server = PeerServer.Start(name, command);
        using var client = new PipelinedClient(server.Port);
        var began = NowMs();
        for (var i = 0; i < keys; i++) client.Send("SET", $"key:{i:D12}", "xxx", "EX", "86400");
        client.Drain();

        // Setting the times takes about as long as setting the keys did.
        var due = NowMs() + (NowMs() - began) * 2 + 1000;
        for (var i = 0; i < keys; i++) client.Send("PEXPIREAT", $"key:{i:D12}", $"{DueMs(due, i, keys)}");
        client.Drain();
        if (NowMs() > due) Console.WriteLine($"{name}: the burst began before all times were set; run again on a quieter machine");

        // What is asked below is asked once before, so that no turn that is measured compiles it; the turn that resets
        // the figures is the first of those.
        foreach (var first in (string[][])[["GET", "key"], ["DBSIZE"], ["INFO"], ["CONFIG", "RESETSTAT"]]) client.Ask(first);
        client.Ask("CONFIG", "RESETSTAT");
        var cpu = server.ProcessorTime;
        using var control = args.Contains("--control") ? new ClockControl() : null;
        var gone = Watch(client, due, keys, out var reads, out var seen, out var slowestMs);
        control?.Dispose();
        if (control is not null) Print("  longest gap in the clock of a thread that does nothing, us of CPU", control.LongestMicros);
        Print($"{name}: {keys} keys due within {BurstMs} ms: all gone after ms", gone - due);
        Print("  reads meanwhile", reads);
        Print("  reads that saw a key past its time", seen);
        Print("  slowest of these reads, ms", slowestMs);
        Print("  processor time, ms", (server.ProcessorTime - cpu).TotalMilliseconds);
        foreach (var line in client.Ask("INFO", "stats", "memory").Split("\r\n"))
        {
            if (Told.Any(name => line.StartsWith(name, StringComparison.Ordinal))) Console.WriteLine("  " + line);
        }
    }

    // Reads keys at random until there are none; answers when that was.
    private static long Watch(PipelinedClient client, long due, int keys, out long reads, out long seen, out double slowestMs)
    {
        var dice = new Random(1);
        reads = seen = 0;
        slowestMs = 0;
        var nextCount = due;
        while (true)
        {
            var now = NowMs();
            if (now >= nextCount)
            {
                if (client.Ask("DBSIZE") == "0" || now > due + GiveUpMs) return NowMs();
                nextCount = now + 10;
            }

            var key = dice.Next(keys);
            var start = Stopwatch.GetTimestamp();
            var reply = client.Ask("GET", $"key:{key:D12}");
            slowestMs = Math.Max(slowestMs, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            reads++;
            if (reply.Length > 0 && now > DueMs(due, key, keys)) seen++;
        }
    }

    private static long DueMs(long due, int key, int keys) => due + (long)key * BurstMs / keys;

    private static long NowMs() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }

    private static void Print(string name, double value) => Console.WriteLine($"{name,-80}{value.ToString("0.#", CultureInfo.InvariantCulture)}");
}
