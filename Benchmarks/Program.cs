using BenchmarkDotNet.Running;
using KestrelFree.Benchmarks.Loop;
using KestrelFree.Benchmarks.Storage;

if (args is ["memory", ..])
    return MemoryMeasurement.Run(args[1..]);
if (args is ["backends", ..])
    return BackendMeasurement.Run(args[1..]);

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
