namespace KestrelFree.Server.Loop;

/// <summary>Something another thread wants done on the loop thread. An instance that is already queued is not queued twice.</summary>
public abstract class LoopMessage
{
    private int _queued;

    /// <summary>The message posted before this one, while queued.</summary>
    internal LoopMessage? Next { get; set; }

    /// <summary>Runs on the loop thread.</summary>
    public abstract void OnLoop();

    /// <summary>True for the one caller that may queue it.</summary>
    internal bool TryClaim() => Interlocked.Exchange(ref _queued, 1) == 0;

    /// <summary>Allows the next post, then runs: what is posted while it runs is not lost.</summary>
    internal void Deliver()
    {
        Next = null;
        Volatile.Write(ref _queued, 0);
        OnLoop();
    }
}
