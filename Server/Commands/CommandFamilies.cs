namespace KestrelFree.Server.Commands;

/// <summary>The tables of all command families: the server's commands, in the order in which they are listed.</summary>
internal static class CommandFamilies
{
    internal static IEnumerable<CommandSpec[]> All =>
    [
        ConnectionCommands.Table,
        ClientCommands.Table,
        KeyCommands.Table,
        ExpireCommands.Table,
        KeyTransferCommands.Table,
        KeyIterationCommands.Table,
        ObjectCommands.Table,
        StringCommands.Table,
        StringRangeCommands.Table,
        CounterCommands.Table,
        ConditionalCommands.Table,
        HashCommands.Table,
        HashExpiryCommands.Table,
        HashFieldCommands.Table,
        ListCommands.Table,
        ListPopCommands.Table,
        ListMoveCommands.Table,
        BitmapCommands.Table,
        DumpCommands.Table,
        LcsCommand.Table,
        SetCommands.Table,
        StreamCommands.Table,
        StreamReadCommands.Table,
        HyperLogLogCommands.Table,
        ZsetCommands.Table,
        ZsetRangeCommands.Table,
        ServerCommands.Table,
        SaveCommands.Table,
        CommandCommands.Table,
        ConfigCommands.Table,
        DebugCommands.Table,
        SlowlogCommands.Table,
        LatencyCommands.Table,
        MonitorCommand.Table,
        LolwutCommand.Table,
        WaitCommand.Table,
        TransactionCommands.Table,
        PubSubCommands.Table,
    ];
}
