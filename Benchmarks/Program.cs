using BenchmarkDotNet.Running;
using KestrelFree.Benchmarks.EndToEnd;
using KestrelFree.Benchmarks.Loop;
using KestrelFree.Benchmarks.Storage;

// Measurements of whole processes and loops go by name; everything else is BenchmarkDotNet's (try --list flat).
switch (args)
{
    case ["peers", .. var rest]:
        return PeerComparison.Run(rest);
    case ["startup", .. var rest]:
        return StartupMeasurement.Run(rest);
    case ["fork", .. var rest]:
        return ForkMeasurement.Run(rest);
    case ["hold", .. var rest]:
        return IdleConnections.Hold(rest);
    case ["expiry", .. var rest]:
        return ExpiryMeasurement.Run(rest);
    case ["eviction", .. var rest]:
        return EvictionMeasurement.Run(rest);
    case ["eviction-turns", .. var rest]:
        return EvictionTurnsMeasurement.Run(rest);
    case ["messages", .. var rest]:
        return MessageMeasurement.Run(rest);
    case ["expired-events", .. var rest]:
        return ExpiredEventsMeasurement.Run(rest);
    case ["clock", .. var rest]:
        return ClockMeasurement.Run(rest);
    case ["storm", .. var rest]:
        return StormMeasurement.Run(rest);
    case ["storm-clients", .. var rest]:
        return StormClients.Run(rest);
    case ["memory", .. var rest]:
        return MemoryMeasurement.Run(rest);
    case ["usage", .. var rest]:
        return UsageMeasurement.Run(rest);
    case ["shrink", .. var rest]:
        return ShrinkMeasurement.Run(rest);
    case ["collections", .. var rest]:
        return CollectionMeasurement.Run(rest);
    case ["backends", .. var rest]:
        return BackendMeasurement.Run(rest);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
}
