using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>A way to make a key, the encoding that it must have ("" for any), the setting that it wants and what its name ends with.</summary>
internal sealed record UsageShape(string Name, string Encoding, Action<PipelinedClient, string> Make, string Setting = "", string KeyTail = "");

/// <summary>What MEMORY USAGE says of keys of a shape on average, in bytes, and its part of what they let used and resident memory grow by.</summary>
internal sealed record UsageFigures(string Shape, string Server, int Keys, double Said, double OfUsed, double OfResident)
{
    /// <summary>The heads of the columns.</summary>
    internal const string Heading = "| shape | server | keys | said a key | said / used | said / resident |\n|---|---|---|---|---|---|";

    /// <summary>How far the worse of the two ratios is from 1.</summary>
    internal double Distance => Math.Max(Math.Abs(Math.Log(OfUsed)), Math.Abs(Math.Log(OfResident)));

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"| {Shape} | {Server} | {Keys} | {Said:F1} | {OfUsed:F3} | {OfResident:F3} |");
}

/// <summary>Measures shapes, each in a server of its own whose memory the keys let grow by so many bytes; what it is is read after some seconds.</summary>
internal sealed class UsageGauge(string name, string executable, long growthBytes, int settleSeconds)
{
    private const int ProbeKeys = 100;

    /// <summary>Measures a shape; throws InvalidOperationException if the server refuses a command or has another encoding.</summary>
    internal UsageFigures Measure(UsageShape shape)
    {
        var setting = shape.Setting.Length == 0 ? "" : "--" + shape.Setting;
        using var server = PeerServer.Start(name, $"{executable} --port {{port}} --bind 127.0.0.1 --save '' --loglevel warning {setting}");
        using var client = new PipelinedClient(server.Port);
        Make(client, shape, 0, ProbeKeys);
        var encoding = client.Ask("OBJECT", "ENCODING", Key(shape, 0));
        if (shape.Encoding.Length > 0 && encoding != shape.Encoding) throw new InvalidOperationException($"{shape.Name} is {encoding}");
        var keys = (int)Math.Max(ProbeKeys, growthBytes / Math.Max(1, Said(client, shape, 0, ProbeKeys) / ProbeKeys));
        var measured = ProbeKeys + keys / 2;
        Make(client, shape, ProbeKeys, measured);
        var (used, resident) = Taken(server, client);
        Make(client, shape, measured, measured + keys);
        var (usedAfter, residentAfter) = Taken(server, client);
        if (!client.Ask("INFO", "stats").Contains("total_error_replies:0", StringComparison.Ordinal))
            throw new InvalidOperationException($"{shape.Name} meets errors: {client.Ask("INFO", "errorstats")}");
        var said = (double)Said(client, shape, measured, measured + keys);
        return new UsageFigures(shape.Name, name, keys, said / keys, said / (usedAfter - used), said / (residentAfter - resident));
    }

    private static void Make(PipelinedClient client, UsageShape shape, int from, int until)
    {
        client.BeUnheard();
        for (var number = from; number < until; number++) shape.Make(client, Key(shape, number));
        client.BeHeard();
    }

    private (long Used, long Resident) Taken(PeerServer server, PipelinedClient client)
    {
        // Upkeep that follows a load, such as the release of what a table has outgrown, comes to its end.
        Thread.Sleep(TimeSpan.FromSeconds(0.5 + settleSeconds));
        var used = client.Ask("INFO", "memory").Split("\r\n").Single(line => line.StartsWith("used_memory:", StringComparison.Ordinal));
        return (long.Parse(used.Split(':')[1], CultureInfo.InvariantCulture), server.ResidentBytes);
    }

    private static long Said(PipelinedClient client, UsageShape shape, int from, int until)
    {
        var said = new List<long>();
        long sum = 0;
        for (var number = from; number < until;)
        {
            for (var batch = 0; batch < ProbeKeys && number < until; batch++) client.SendForInteger("MEMORY", "USAGE", Key(shape, number++));
            client.DrainIntegers(said);
            sum += said.Sum();
        }

        return sum;
    }

    private static string Key(UsageShape shape, int number) => $"key:{number:D12}{shape.KeyTail}";
}
