using KestrelFree.Server.Config;

namespace KestrelFree.Server.Logging;

/// <summary>
/// What a server says of itself at start-up: a drawing on a terminal or with always-show-logo, a line elsewhere. Redis's suite waits for the
/// drawing's "PID:".
/// </summary>
internal static class Banner
{
    /// <summary>Logs the drawing or the line.</summary>
    public static void Announce(ServerConfig config, ServerLog log)
    {
        var mode = config.ClusterEnabled ? "cluster" : "standalone";
        var isOnTerminal = config.LogFile.Length == 0 && !Console.IsOutputRedirected;
        if (config.AlwaysShowLogo || isOnTerminal) log.Raw(LogLevel.Notice, Drawing(mode, config.Port));
        else log.Notice($"Running mode={mode}, port={config.Port}.");
    }

    private static string Drawing(string mode, int port) => $"""

               _
            .-' `-._
          _/  o     `>    {ServerVersion.Name} {ServerVersion.Own} (Redis {ServerVersion.Redis}), {IntPtr.Size * 8} bit
         /    __.--'
        |    /            Running in {mode} mode
        |   |  \\         Port: {port}
         \   \  \\\       PID: {Environment.ProcessId}
          `-._`._\\\\
              ``--\\\\

        """;
}
