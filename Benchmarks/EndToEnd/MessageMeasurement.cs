using System.Diagnostics;
using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- messages [--tests publish,publish16,wide,channels,multi,tracking,broadcast,statistics] [--rounds 3]
//     [--server "NAME=COMMAND --port {port}"]...
//
// What connects clients, by the server's processor time, since the machine's other processes are the clients:
//
//     publish, publish16   10 publishers, without a pipeline and with one of 16, to a channel of 100 subscribers
//     wide                 the same to one channel of 10,000
//     channels             publishers with a pipeline of 16 to 10,000 channels of 10 subscribers each, 100 channels a connection
//     multi                transactions of 10 SETs, 16 to a pipeline, on 8 connections; by the clock too
//     tracking             GET at -P 16 with redis-benchmark's --enable-tracking over the same without
//     broadcast            SET at -P 16 with a client that is told of every change (CLIENT TRACKING ON BCAST) over the same without
//     statistics           SET at -P 64 with latency-tracking and the slow log over the same without
//
// Servers take turns within a round; figures are medians of the rounds. The last three are ratios of costs: 1.00 is for free.

/// <summary>Measures messages, transactions, tracking and statistics beside redis-server.</summary>
internal sealed class MessageMeasurement
{
    private const string Payload = "0123456789abcdef";
    private const int Transactions = 16;
    private const int Writes = 10;

    private readonly CommandOptions _options;
    private readonly Dictionary<string, (string Unit, Func<PeerServer, double> Measure)> _tests;

    private MessageMeasurement(CommandOptions options)
    {
        _options = options;
        _tests = new Dictionary<string, (string, Func<PeerServer, double>)>
        {
            ["publish"] = ("messages delivered per CPU second", server => Deliver(server, 100, 1, 30_000)),
            ["publish16"] = ("messages delivered per CPU second", server => Deliver(server, 100, 16, 150_000)),
            ["wide"] = ("messages delivered per CPU second", server => Deliver(server, 10_000, 1, 300)),
            ["channels"] = ("messages delivered per CPU second", DeliverToMany),
            ["multi"] = ("transactions per CPU second", server => Transact(server, watch: false)),
            ["multi-clock"] = ("transactions per second", server => Transact(server, watch: true)),
            ["tracking"] = ("cost of tracking", CostOfTracking),
            ["broadcast"] = ("cost of broadcasting", CostOfBroadcasting),
            ["statistics"] = ("cost of statistics", CostOfStatistics),
        };
    }

    /// <summary>Runs with the arguments after "messages".</summary>
    public static int Run(string[] args) => new MessageMeasurement(new CommandOptions(args)).Run();

    private int Run()
    {
        var wanted = _options.Tests == CommandOptions.DefaultTests ? string.Join(',', _tests.Keys) : _options.Tests;
        var commands = _options.Servers.ToArray();
        Console.WriteLine($"| test | {string.Join(" | ", commands.Select(server => server.Name))} |");
        Console.WriteLine($"|---|{string.Concat(commands.Select(_ => "---|"))}");
        foreach (var name in wanted.Split(','))
        {
            var (unit, measure) = _tests[name];
            var medians = Medians(commands, measure);
            var cells = medians.Select(median => string.Create(CultureInfo.InvariantCulture, $"{(median < 100 ? $"{median:F3}" : $"{median:F0}")} x{median / medians[0]:F2}"));
            Console.WriteLine($"| {name}: {unit} | {string.Join(" | ", cells)} |");
        }

        return 0;
    }

    private double[] Medians((string Name, string Command)[] commands, Func<PeerServer, double> measure)
    {
        var figures = commands.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < _options.Rounds; round++)
        {
            for (var turn = 0; turn < commands.Length; turn++)
            {
                var at = (round + turn) % commands.Length;
                using var server = PeerServer.Start(commands[at].Name, commands[at].Command);
                WarmUp(server);
                figures[at].Add(measure(server));
            }
        }

        return [.. figures.Select(each => each.Order().ElementAt(each.Count / 2))];
    }

    // Everything that is measured runs once before, so that no server is timed while it compiles.
    private static void WarmUp(PeerServer server)
    {
        using var client = new PipelinedClient(server.Port);
        client.Ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0");
        foreach (var test in new[] { "-t set,get -P 16 -c 50 -n 400000 -r 100000", $"-P 16 -c 10 -n 200000 publish warm {Payload}" })
            Benchmark(server, test);
    }

    private static double Deliver(PeerServer server, int subscribers, int pipeline, int messages)
    {
        using var listening = new Subscribers(server.Port, subscribers, _ => ["news"]);
        Publish(server, listening, subscribers, pipeline, messages / 2, "news", "news".Length);
        var spent = server.ProcessorTime;
        Publish(server, listening, subscribers, pipeline, messages, "news", "news".Length);
        return (double)messages * subscribers / (server.ProcessorTime - spent).TotalSeconds;
    }

    private static double DeliverToMany(PeerServer server)
    {
        const int channels = 10_000;
        const int subscribers = 10;
        const int perConnection = 100;
        const int messages = 100_000;
        using var listening = new Subscribers(
            server.Port, channels * subscribers / perConnection, at => Enumerable.Range(at * perConnection % channels, perConnection).Select(channel => $"ch:{channel:D12}"));
        Publish(server, listening, subscribers, 16, messages / 5, "ch:__rand_int__ -r 10000", "ch:".Length + 12);
        var spent = server.ProcessorTime;
        Publish(server, listening, subscribers, 16, messages, "ch:__rand_int__ -r 10000", "ch:".Length + 12);
        return (double)messages * subscribers / (server.ProcessorTime - spent).TotalSeconds;
    }

    private static void Publish(PeerServer server, Subscribers listening, int subscribers, int pipeline, int messages, string channel, int channelBytes)
    {
        var words = channel.Split(' ', 2);
        var before = listening.ReceivedBytes;
        Benchmark(server, $"{(words.Length > 1 ? words[1] : "")} -c 10 -P {pipeline} -n {messages} publish {words[0]} {Payload}");
        var bytes = $"*3\r\n$7\r\nmessage\r\n${channelBytes}\r\n".Length + channelBytes + $"\r\n${Payload.Length}\r\n{Payload}\r\n".Length;
        listening.WaitFor(before + (long)messages * subscribers * bytes);
    }

    private static double Transact(PeerServer server, bool watch)
    {
        const int connections = 8;
        const int rounds = 3000;
        var clients = Enumerable.Range(0, connections).Select(_ => new TransactionClient(server.Port, Transactions, Writes)).ToArray();
        for (var round = 0; round < rounds / 4; round++)
            TransactionClient.RoundTrip(clients);
        var (spent, clock) = (server.ProcessorTime, Stopwatch.StartNew());
        for (var round = 0; round < rounds; round++)
            TransactionClient.RoundTrip(clients);
        var seconds = watch ? clock.Elapsed.TotalSeconds : (server.ProcessorTime - spent).TotalSeconds;
        foreach (var client in clients)
            client.Dispose();
        return (double)connections * rounds * Transactions / seconds;
    }

    private static double CostOfTracking(PeerServer server)
    {
        const string load = "-t get -P 16 -c 50 -n 1000000 -r 100000";
        using var client = new PipelinedClient(server.Port);
        Cost(server, $"{load} --enable-tracking");
        // A flush empties the table, so that every pair is new to it again.
        client.Ask("FLUSHALL");
        Cost(server, "-t set -P 16 -c 50 -n 400000 -r 100000");
        return Cost(server, $"{load} --enable-tracking") / Cost(server, load);
    }

    private static double CostOfBroadcasting(PeerServer server)
    {
        const string load = "-t set -P 16 -c 50 -n 1000000 -r 100000";
        var (with, without) = (0.0, 0.0);
        for (var pass = 0; pass < 4; pass++)
        {
            var plain = Cost(server, load);
            using var told = new Subscribers(server.Port);
            var broadcasting = Cost(server, load);
            if (pass > 0) (with, without) = (with + broadcasting, without + plain);
        }

        return with / without;
    }

    private static double CostOfStatistics(PeerServer server)
    {
        const string load = "-t set -P 64 -c 50 -n 3000000 -r 100000";
        using var client = new PipelinedClient(server.Port);
        var on = Cost(server, load);
        client.Ask("CONFIG", "SET", "latency-tracking", "no", "slowlog-log-slower-than", "-1");
        return on / Cost(server, load);
    }

    private static double Cost(PeerServer server, string load)
    {
        var spent = server.ProcessorTime;
        Benchmark(server, load);
        return (server.ProcessorTime - spent).TotalSeconds;
    }

    private static void Benchmark(PeerServer server, string load)
    {
        var info = new ProcessStartInfo("redis-benchmark", CommandWords.Split($"-p {server.Port} -q {load}")) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"redis-benchmark {load} failed against {server.Name}");
    }
}
