namespace KestrelFree.Server.Loop;

// What a turn costs is its time between two polls. Its CPU time tells a slow command from a busy machine, but reading the thread's CPU clock
// is a system call (0.3 us against turns of 10 us), so it is read rarely: after every 8 short turns, to have a recent base, and
// after a turn of a millisecond or more. The CPU time of such a turn is the growth since the base, less the wall time of the
// short turns in between, and never more than the turn's own wall time: too much by what the polls in between cost.
// Turns below a millisecond do not compete for the maximum.

/// <summary>The loop's counts and times for INFO, in microseconds. Loop thread only.</summary>
public sealed class LoopFigures
{
    private const long LongTurnMicros = 1000;
    private const int ShortTurnsPerBase = 8;

    private long _baseCpuMicros;
    private long _wallSinceBaseMicros;
    private int _turnsSinceBase = ShortTurnsPerBase;

    /// <summary>Turns of the loop: eventloop_cycles.</summary>
    public long Turns { get; private set; }

    /// <summary>Time spent in turns, the waiting left out: eventloop_duration_sum.</summary>
    public long DurationMicros { get; private set; }

    /// <summary>Time spent executing commands: eventloop_duration_cmd_sum.</summary>
    public long CommandMicros { get; private set; }

    /// <summary>CPU time of the longest turn of at least a millisecond; 0 when there was none.</summary>
    public long LongestTurnCpuMicros { get; private set; }

    /// <summary>The longest turn: eventloop_duration_max.</summary>
    public long LongestTurnMicros { get; private set; }

    /// <summary>How often the loop moved between its back ends.</summary>
    public long BackendSwitches { get; internal set; }

    /// <summary>Adds the time of executed commands.</summary>
    public void AddCommandMicros(long micros) => CommandMicros += micros;

    /// <summary>Sets everything to zero, for CONFIG RESETSTAT.</summary>
    public void Reset()
    {
        Turns = 0;
        DurationMicros = 0;
        CommandMicros = 0;
        LongestTurnCpuMicros = 0;
        LongestTurnMicros = 0;
        BackendSwitches = 0;
    }

    /// <summary>Begins on the loop's own thread: what that has done before is no turn.</summary>
    internal void Begin() => TakeBase(ThreadCpuClock.NowMicros());

    /// <summary>
    /// Accounts for a turn that ends now and took <paramref name="wallMicros"/>; returns its CPU time if it was a long one, else as much. The cost
    /// is a few additions.
    /// </summary>
    internal long EndTurn(long wallMicros)
    {
        Turns++;
        DurationMicros += wallMicros;
        if (wallMicros > LongestTurnMicros) LongestTurnMicros = wallMicros;

        if (wallMicros >= LongTurnMicros) return TakeLongTurn(wallMicros);

        _wallSinceBaseMicros += wallMicros;
        if (++_turnsSinceBase >= ShortTurnsPerBase) TakeBase(ThreadCpuClock.NowMicros());

        return wallMicros;
    }

    private long TakeLongTurn(long wallMicros)
    {
        var cpu = ThreadCpuClock.NowMicros();
        var spent = Math.Min(cpu - _baseCpuMicros - _wallSinceBaseMicros, wallMicros);
        LongestTurnCpuMicros = Math.Max(LongestTurnCpuMicros, spent);
        TakeBase(cpu);
        return spent;
    }

    private void TakeBase(long cpuMicros)
    {
        _baseCpuMicros = cpuMicros;
        _wallSinceBaseMicros = 0;
        _turnsSinceBase = 0;
    }
}
