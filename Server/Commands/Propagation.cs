using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// What a command has done, in the form of requests that do the same to a copy of the data: for the append-only file, and for replicas.
//
//     Call.Execute   Enter
//                      handler     a key met past its time       -> DEL key
//                                  Instead(n).Argument(...)      -> an effect in place of the request; any number of them
//                                  Also(n).Argument(...)         -> an effect in front of the request
//                                  Nothing(), AsReceived()       -> the request is not fed whatever it did; is fed although it changed nothing
//                    Leave         has it written (the observer has counted changes) and declared nothing: the request as received
//                    outermost Leave: all that has gathered, in MULTI and EXEC if it is more than one effect
//
// Rules for a handler. What a request does must follow from the data and from the effect's arguments alone: not from the clock, from dice, or
// from who waits. So relative times become absolute (PEXPIREAT, PXAT), random choices name what was chosen (SPOP is SREM), floats their result,
// pops that waited the plain pop. Effects are declared when they happen, in their order. While nobody listens Instead and Also give a writer
// that drops everything, so handlers need not ask; a loop that only serves propagation asks IsGathering.
//
// A transaction is one execution: its commands gather, and leave together at EXEC. Keys that go without a command (the active expire cycle,
// eviction) are fed one by one. A target keeps for itself which database its reader has selected.
//
// While nobody listens a command pays one comparison.

/// <summary>Takes effects, in order.</summary>
internal interface IPropagationTarget
{
    /// <summary>Takes an effect.</summary>
    /// <param name="database">The number of the database that it belongs to, or <see cref="Propagation.AnyDatabase"/> for MULTI and EXEC.</param>
    /// <param name="request">The request, encoded as a client would send it; valid during the call.</param>
    void Feed(int database, ReadOnlySpan<byte> request);
}

/// <summary>Tells those who keep a copy of the data what commands do.</summary>
internal sealed class Propagation
{
    /// <summary>The database of what works in any.</summary>
    internal const int AnyDatabase = -1;

    private static readonly byte[] Multi = CommandEncoder.Encode("MULTI");
    private static readonly byte[] Exec = CommandEncoder.Encode("EXEC");

    private readonly RedisServer _server;
    private readonly EffectBuffer _effects = new();
    private readonly EffectWriter _writer = new();
    private readonly EffectWriter _nowhere = new();
    private IPropagationTarget[] _targets = [];
    private bool _isSuspended;
    private int _depth;
    private int _database;
    private long _changesBefore;
    private Declared _declared;

    internal Propagation(RedisServer server) => _server = server;

    private enum Declared
    {
        Nothing,
        Otherwise,
        AsReceived,
    }

    /// <summary>Whether anybody listens.</summary>
    internal bool IsListening { get; private set; }

    /// <summary>Whether a command runs whose effects somebody listens to.</summary>
    internal bool IsGathering => _depth != 0 && !_isSuspended;

    /// <summary>The bytes of all effects that were ever fed.</summary>
    internal long Offset { get; private set; }

    /// <summary>Lets a target listen from the next execution on.</summary>
    internal void Attach(IPropagationTarget target)
    {
        _targets = [.. _targets, target];
        IsListening = !_isSuspended;
    }

    /// <summary>Lets a target listen no more.</summary>
    internal void Detach(IPropagationTarget target)
    {
        _targets = [.. _targets.Where(other => other != target)];
        IsListening = _targets.Length != 0 && !_isSuspended;
    }

    /// <summary>Nothing is fed until <see cref="Resume"/>: what is loaded is known to those who listen.</summary>
    internal void Suspend()
    {
        _isSuspended = true;
        IsListening = false;
    }

    /// <summary>Ends what <see cref="Suspend"/> began.</summary>
    internal void Resume()
    {
        _isSuspended = false;
        IsListening = _targets.Length != 0;
    }

    /// <summary>Begins an effect of the running command that takes the place of the request.</summary>
    /// <param name="arguments">How many arguments it has, the name included; the writer expects them next.</param>
    internal EffectWriter Instead(int arguments)
    {
        if (!IsGathering) return _nowhere;
        _declared = Declared.Otherwise;
        return _writer.To(_effects.Begin(_database, arguments));
    }

    /// <summary>Begins an effect that is fed before the request itself.</summary>
    /// <param name="arguments">How many arguments it has, the name included; the writer expects them next.</param>
    internal EffectWriter Also(int arguments) => !IsGathering ? _nowhere : _writer.To(_effects.Begin(_database, arguments));

    /// <summary>The request is not fed, whatever it changes, but for what <see cref="Instead"/> says.</summary>
    internal void Nothing() => Declare(Declared.Otherwise);

    /// <summary>The request is fed although it may have changed nothing here.</summary>
    internal void AsReceived() => Declare(Declared.AsReceived);

    /// <summary>Begins to gather what a command does. Belongs to <see cref="Call"/>.</summary>
    internal void Enter(Client client)
    {
        _depth++;
        _declared = Declared.Nothing;
        _database = client.Database.Index;
        _changesBefore = _server.Observer.Changes;
    }

    /// <summary>Ends a command; the outermost feeds what has gathered. Belongs to <see cref="Call"/>.</summary>
    internal void Leave(Client client, Command command, in ArgVector args)
    {
        if (IsFedAsReceived(command)) Encode(args);
        _declared = Declared.Nothing;
        if (--_depth != 0 || _effects.Count == 0) return;
        FeedAll();
        client.WriteOffset = Offset;
    }

    /// <summary>A key went without a command that names it: its time had come, or its memory was needed.</summary>
    internal void Deleted(Database database, ReadOnlySpan<byte> key, bool lazily)
    {
        _writer.To(_effects.Begin(database.Index, 2)).Argument(lazily ? "UNLINK"u8 : "DEL"u8).Argument(key);
        if (_depth == 0) FeedAll();
    }

    /// <summary>A field of a hash went since its time had come.</summary>
    internal void FieldDeleted(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> field)
    {
        _writer.To(_effects.Begin(database.Index, 3)).Argument("HDEL"u8).Argument(key).Argument(field);
        if (_depth == 0) FeedAll();
    }

    // What DEBUG LOADAOF replays runs within that command, and is no effect of its own.
    private void Declare(Declared declared)
    {
        if (!_isSuspended) _declared = declared;
    }

    private bool IsFedAsReceived(Command command)
    {
        if (_declared != Declared.Nothing) return _declared == Declared.AsReceived;
        return _server.Observer.Changes != _changesBefore && (command.Flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0;
    }

    private void Encode(in ArgVector args)
    {
        var encoder = _effects.Begin(_database, args.Count);
        for (var i = 0; i < args.Count; i++) encoder.Argument(args[i]);
    }

    private void FeedAll()
    {
        var isTransaction = _effects.Count > 1;
        if (isTransaction) Feed(AnyDatabase, Multi);
        for (var i = 0; i < _effects.Count; i++)
        {
            var (database, bytes) = _effects[i];
            Feed(database, bytes.Span);
        }

        if (isTransaction) Feed(AnyDatabase, Exec);
        _effects.Clear();
    }

    private void Feed(int database, ReadOnlySpan<byte> request)
    {
        Offset += request.Length;
        foreach (var target in _targets) target.Feed(database, request);
    }
}

/// <summary>Takes the arguments of an effect one after the other.</summary>
internal sealed class EffectWriter
{
    private CommandEncoder? _encoder;

    /// <summary>Adds an argument.</summary>
    internal EffectWriter Argument(ReadOnlySpan<byte> value)
    {
        _encoder?.Argument(value);
        return this;
    }

    /// <summary>Adds a number.</summary>
    internal EffectWriter Argument(long value)
    {
        _encoder?.Argument(value);
        return this;
    }

    /// <summary>Where the next arguments go.</summary>
    internal EffectWriter To(CommandEncoder encoder)
    {
        _encoder = encoder;
        return this;
    }
}
