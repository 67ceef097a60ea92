using System.Net.Sockets;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Rehearsals;

// What runs for the first time is slow: the runtime compiles it, or binds what was compiled ahead, and loads the types that it meets. On the
// loop's thread that is a pause for every client, and it comes at the worst moments: the first BGSAVE, the first key that expires. Measured on a
// published server before there was a rehearsal: 2 to 7 ms of CPU for the first call of an ordinary command, 12 for the first INFO, 15 to 21 for
// the first save.
//
// So while the real server already serves, a second one plays a script (rehearsal.txt) that touches every family of commands, saving, rewriting
// and loading included. It shares nothing with the real one but the code: it has a keyspace, a loop and a thread of its own, two clients that
// are pairs of sockets, and a temporary folder. It listens nowhere. Compiled code belongs to the process, so the real server finds it ready. Hot
// methods need no rehearsal; the runtime compiles them again in the background when it has seen how they are used.
//
// It is quick on purpose. The runtime starts to count calls, and to watch how methods are used, when no new method has been called for 100 ms. A
// first version took a second, and the script's mix of commands, not the users', shaped the code that was made from that: GET at -P 16 cost 10 %
// more CPU. Played in scenes that arrive at one go it is over before the counting begins, and no difference is left.
//
// The price is 0.3 s of processor time right after the start, and some 30 MB that the collection at the end takes back; where there are less
// than 256 MB in all it does not take place.

/// <summary>Plays every kind of command to a server that nobody sees, so that no client waits for the compiler.</summary>
internal sealed class Rehearsal : IDisposable
{
    private const long LeastMemoryBytes = 256 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ServerLog _log;
    private readonly Thread _thread;
    private volatile Stage? _stage;
    private volatile bool _abandoned;

    private Rehearsal(ServerLog log)
    {
        _log = log;
        _thread = new Thread(Run) { IsBackground = true, Name = "rehearsal", Priority = ThreadPriority.BelowNormal };
    }

    /// <summary>Whether the machine, or the container, has memory to spare for a second server.</summary>
    internal static bool IsAffordable => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >= LeastMemoryBytes;

    /// <summary>Starts a rehearsal on a thread of its own and returns at once.</summary>
    internal static Rehearsal Begin(ServerLog log)
    {
        var rehearsal = new Rehearsal(log);
        rehearsal._thread.Start();
        return rehearsal;
    }

    /// <summary>Waits for the end of the script; false when it takes longer.</summary>
    internal bool Wait(TimeSpan atMost) => _thread.Join(atMost);

    /// <summary>Breaks the rehearsal off, if it still runs, and leaves no files behind.</summary>
    public void Dispose()
    {
        _abandoned = true;
        _stage?.Leave();
        _thread.Join(Patience);
    }

    private void Run()
    {
        try
        {
            var folder = Directory.CreateTempSubdirectory("kestrel-free-");
            Play(folder.FullName);
            folder.Delete(recursive: true);
            if (_abandoned) return;

            // The heap is as small again as before, and nobody has much to wait for yet.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
            _log.Debug("The rehearsal has ended.");
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // A server without a folder for temporary files, or without a socket to spare, serves all the same.
            _log.Verbose($"The rehearsal broke off: {e.Message}");
        }
    }

    private void Play(string folder)
    {
        using var stage = new Stage(folder);
        _stage = stage;
        if (!_abandoned) stage.Play();
        _stage = null;
    }
}
