namespace KestrelFree.Tests.Support;

/// <summary>Measures what code allocates once it has warmed up.</summary>
internal static class Allocations
{
    private const int Rounds = 20;

    /// <summary>
    /// Bytes that the calling thread allocates in the leanest of several rounds. Code that allocates does so in each of them; what the
    /// runtime allocates on the thread now and then (recompiling a method, coverage) is in some.
    /// </summary>
    public static long InSteadyState(Action round)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Rounds && least != 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
