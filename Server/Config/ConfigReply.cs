namespace KestrelFree.Server.Config;

/// <summary>What a CONFIG subcommand answers: OK, or an error's full text.</summary>
internal readonly record struct ConfigReply(string? Error)
{
    /// <summary>Done.</summary>
    public static ConfigReply Ok => default;

    /// <summary>Whether it is done.</summary>
    public bool IsOk => Error is null;
}
