using System.Runtime;
using System.Runtime.InteropServices;

namespace KestrelFree.Server.Hosting;

// The runtime compiles what has become hot in the background, and needs megabytes for it: 4 MB while a stream is filled for the first time, 4 more
// from the rehearsal. It keeps them for the next method, and frees what it has not used for two seconds only when its finalizer thread happens to wake
// up. That happens after a collection, and this server hardly ever has one. And the C library keeps what is freed in pieces.
//
// So a thread looks every few seconds whether methods were compiled. When that has come to rest it wakes the finalizer thread, which takes three times:
// the first begins the two seconds, the second sets aside what was kept, the third frees it. And it lets the C library return free pages. It touches
// nothing of ours, and what it calls may be called on any thread; the loop neither waits for it nor shares a lock with it but the allocator's, for
// the time that it takes to return the free pages of one arena.

/// <summary>Gives back the memory that the runtime's compiler holds in reserve, when there is nothing more to compile.</summary>
internal sealed partial class CompilerMemory : IDisposable
{
    private const int Rounds = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2.5);

    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;
    private long _compiled;
    private int _roundsLeft;

    internal CompilerMemory() => _thread = new Thread(Watch) { IsBackground = true, Name = "compiler memory", Priority = ThreadPriority.BelowNormal };

    /// <summary>Starts to watch.</summary>
    internal static CompilerMemory Watched()
    {
        var memory = new CompilerMemory();
        memory._thread.Start();
        return memory;
    }

    /// <summary>Ends the watching.</summary>
    public void Dispose() => _ended.Set();

    /// <summary>Whether it is time to give back, when so many methods have been compiled by now: when there were new ones some time ago, but none lately.</summary>
    internal bool IsDue(long compiled)
    {
        if (compiled != _compiled)
        {
            _compiled = compiled;
            _roundsLeft = Rounds;
            return false;
        }

        if (_roundsLeft == 0) return false;
        _roundsLeft--;
        return true;
    }

    /// <summary>Gives back what is in reserve, or makes a step towards it.</summary>
    internal static void GiveBack()
    {
        GC.WaitForPendingFinalizers();
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library other than GNU's: it has its own ways.
        }
    }

    private void Watch()
    {
        while (!_ended.Wait(Interval))
        {
            if (IsDue(JitInfo.GetCompiledMethodCount())) GiveBack();
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keptBytes);
}
