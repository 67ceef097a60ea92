using System.Diagnostics;
using NUnit.Framework;

namespace KestrelFree.Tests.Support;

/// <summary>Waits for what another process does in its own time; fails with the state it last saw.</summary>
internal static class Eventually
{
    /// <summary>The patience of every wait: far above what anything needs, since CI machines stall.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Polls until the condition holds; fails with <paramref name="describe"/> after the patience.</summary>
    public static void True(Func<bool> condition, Func<string> describe, TimeSpan? patience = null)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > (patience ?? Patience))
                Assert.Fail($"Not within {(patience ?? Patience).TotalSeconds:0.#} s: {describe()}");

            Thread.Sleep(5);
        }
    }
}
