namespace KestrelFree.Server.Config.Kinds;

/// <summary>The kinds of client that have a limit on their output buffer.</summary>
internal enum LimitedClient
{
    /// <summary>Ordinary clients.</summary>
    Normal,

    /// <summary>Replicas.</summary>
    Replica,

    /// <summary>Clients subscribed to a channel or pattern.</summary>
    PubSub,
}

/// <summary>A client is closed at once beyond the hard limit, and when it stays beyond the soft one for so long; 0 is no limit.</summary>
internal readonly record struct OutputBufferLimit(long HardBytes, long SoftBytes, int SoftSeconds);

/// <summary>Groups of class, hard limit, soft limit and seconds; a class that is not named keeps its limits.</summary>
internal sealed class OutputBufferLimitDirective(string name, params OutputBufferLimit[] defaults) : Directive(name)
{
    private static readonly string[] NamesInReplies = ["normal", "slave", "pubsub"];
    private static readonly string[] NamesInFiles = ["normal", "replica", "pubsub"];

    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaults;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length % 4 != 0)
            return assignment.Refuse("Wrong number of arguments in buffer limit configuration.");
        OutputBufferLimit[] limits = [.. (OutputBufferLimit[])assignment.Values.Objects[Slot]!];
        for (; arguments.Length > 0; arguments = arguments[4..])
        {
            var client = ClassOf(arguments[0]);
            if (client < 0) return assignment.Refuse("Invalid client class specified in buffer limit configuration.");
            if (!TryParse(arguments[1..4], out limits[client]))
                return assignment.Refuse("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }

        assignment.Values.Objects[Slot] = limits;
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values)
    {
        var limits = (OutputBufferLimit[])values.Objects[Slot]!;
        return string.Join(' ', limits.Select((l, i) => $"{NamesInReplies[i]} {(ulong)l.HardBytes} {(ulong)l.SoftBytes} {l.SoftSeconds}"));
    }

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var limits = (OutputBufferLimit[])values.Objects[Slot]!;
        for (var i = 0; i < limits.Length; i++)
        {
            var limit = limits[i];
            var hard = ConfNumbers.FormatMemory(limit.HardBytes);
            var soft = ConfNumbers.FormatMemory(limit.SoftBytes);
            var need = limit != defaults[i] ? LineNeed.Always : LineNeed.IfMentioned;
            lines.Write(Name, $"{NamesInFiles[i]} {hard} {soft} {limit.SoftSeconds}", need);
        }
    }

    private static int ClassOf(string word)
    {
        var client = Array.FindIndex(NamesInReplies, n => n.Equals(word, StringComparison.OrdinalIgnoreCase));
        return client >= 0 ? client : Array.FindIndex(NamesInFiles, n => n.Equals(word, StringComparison.OrdinalIgnoreCase));
    }

    private static bool TryParse(ReadOnlySpan<string> numbers, out OutputBufferLimit limit)
    {
        limit = default;
        if (!ConfNumbers.TryParseMemory(numbers[0], out var hard) || !ConfNumbers.TryParseMemory(numbers[1], out var soft))
            return false;
        if (!ConfNumbers.TryParseLenient(numbers[2], 10, out var seconds, out _) || unchecked((int)seconds) < 0)
            return false;
        limit = new OutputBufferLimit((long)Math.Min(hard, long.MaxValue), (long)Math.Min(soft, long.MaxValue), unchecked((int)seconds));
        return true;
    }
}
