using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Blocking;

/// <summary>What a blocked client waits for: how it is answered when its time is up, and what else has to be forgotten with it.</summary>
internal abstract class BlockedOperation
{
    /// <summary>The timer of the deadline; 0 when it waits without one.</summary>
    internal long TimerId { get; set; }

    /// <summary>How long its command has run so far, in ticks of the monotonic clock; the waiting does not count.</summary>
    internal long SpentTicks { get; set; }

    /// <summary>The request that waits, where it is kept.</summary>
    internal virtual OwnedRequest? Request => null;

    /// <summary>Whether CLIENT UNBLOCK may end it.</summary>
    internal virtual bool MayTimeOut => true;

    /// <summary>Replies what the command replies when it waited in vain.</summary>
    internal abstract void ReplyTimeout(Client client);

    /// <summary>Takes the client out of whatever lists it waits in; called once, whatever the reason to unblock.</summary>
    internal virtual void Detach(Client client)
    {
    }
}
