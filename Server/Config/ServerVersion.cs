namespace KestrelFree.Server.Config;

/// <summary>What the server says it is.</summary>
internal static class ServerVersion
{
    /// <summary>The Redis version whose behaviour is provided, which clients look at.</summary>
    public const string Redis = "7.4.1";

    /// <summary>The server's own name.</summary>
    public const string Name = "kestrel-free";

    /// <summary>The server's own version.</summary>
    public static string Own { get; } = typeof(ServerVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
