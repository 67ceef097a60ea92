namespace KestrelFree.Server.Commands;

/// <summary>Which arguments of a command are channels that it publishes or subscribes to.</summary>
internal enum ChannelArguments
{
    /// <summary>None.</summary>
    None,

    /// <summary>The first.</summary>
    First,

    /// <summary>All.</summary>
    All,

    /// <summary>All, and they are patterns.</summary>
    Patterns,
}
