namespace KestrelFree.Tests.Support;

/// <summary>The oracle: a real redis-server from PATH.</summary>
internal static class RedisProcess
{
    /// <summary>The path of redis-server; ends the test where it is not installed.</summary>
    public static string Executable => Requirement.Program("redis-server");

    /// <summary>Starts redis-server on a free port and waits until it answers.</summary>
    public static ServerProcess Start(params string[] arguments) => ServerProcess.Start(Executable, arguments);
}
