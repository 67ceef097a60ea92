namespace KestrelFree.Server.Loop;

/// <summary>
/// The seam between the loop and the operating system's readiness call: level-triggered, one thread, and the only code that
/// knows which call it is. Sockets are told apart by the slots that <see cref="Pollable"/> carries for whichever poller holds it.
/// </summary>
public abstract class Poller : IDisposable
{
    /// <summary>The name INFO shows as multiplexing_api.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Makes a changed <see cref="Pollable.Interest"/> take effect; <paramref name="before"/> is what it was. A socket without
    /// interest is not known to the system at all. O(1). Throws SocketException when the system refuses; the socket may already be
    /// disposed when its interest ends.
    /// </summary>
    public abstract void Update(Pollable pollable, PollEvents before);

    /// <summary>Waits at most <paramref name="timeoutMs"/> (0: not at all, -1: until something happens) and adds what is ready.</summary>
    public abstract void Wait(int timeoutMs, ReadyList ready);

    /// <summary>
    /// Called when all that was ready has been served, and before anybody is answered: who sends from now on comes in the order of arrival, where the
    /// system can tell it.
    /// </summary>
    public virtual void EndService()
    {
    }

    /// <summary>Hands every socket that has an interest to another poller. O(n).</summary>
    public abstract void MoveTo(Poller other);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the system's resources back; watched sockets stay open.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
