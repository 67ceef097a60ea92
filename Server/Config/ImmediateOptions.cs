using KestrelFree.Server.Persistence;

namespace KestrelFree.Server.Config;

/// <summary>Options that print something and end: they count only as the first argument.</summary>
internal static class ImmediateOptions
{
    private const string Usage = """
        Usage: kestrel-free [/path/to/redis.conf] [--directive value ...] [-]

          -                       read more configuration from stdin; first or last argument
          --directive value ...   any directive of redis.conf, stronger than the file
          -v, --version           print the version and exit
          -h, --help              print this and exit
          --check-system          look at the system's settings that matter, and exit
          --check-rdb FILE        say whether a dump file is sound, and exit with 0 or 1
          --check-aof FILE        the same for an append-only file, or for all that its manifest lists;
                                  with --fix first, cut off what is not sound at its end,
                                  with --truncate-to-timestamp T, what is later than that (Unix seconds)
          --export-json FILE      write what a server with the configuration that follows would load as JSON
          --import-json FILE      make such a file the dump file of a server with that configuration

        Examples:
          kestrel-free
          kestrel-free /etc/redis/redis.conf
          kestrel-free --port 7777 --maxmemory 1gb --save ""
          kestrel-free /etc/redis/redis.conf --loglevel verbose -
          echo 'maxmemory 128mb' | kestrel-free -

        Directives can also be set in the environment: KESTREL_FREE__MAXMEMORY_POLICY=allkeys-lru

        """;

    /// <summary>Runs the option if there is one; true when the process should end with the exit code given.</summary>
    public static bool TryRun(ReadOnlySpan<string> arguments, StartupStreams streams, out int exitCode)
    {
        exitCode = 1;
        if (arguments.Contains("--sentinel"))
            return Refuse(streams, "Sentinel mode is not part of this server. Exiting...");
        switch (arguments.Length > 0 ? arguments[0] : "")
        {
            case "-v" or "--version":
                streams.Out.WriteLine(
                    $"Redis server v={ServerVersion.Redis} sha=00000000:0 malloc=pages bits=64 build={ServerVersion.Name}-{ServerVersion.Own}");
                exitCode = 0;
                return true;
            case "-h" or "--help":
                streams.Error.Write(Usage);
                return true;
            case "--test-memory":
                return Refuse(streams, "This server has no memory test. Please use memtest86 or memtester instead.");
            case "--check-system":
                exitCode = SystemCheck.Run(streams.Out) ? 0 : 1;
                return true;
            case "--check-rdb":
                exitCode = CheckRdb(arguments[1..], streams);
                return true;
            case "--check-aof":
                exitCode = CheckAof(arguments[1..], streams);
                return true;
            default:
                return false;
        }
    }

    private static int CheckRdb(ReadOnlySpan<string> words, StartupStreams streams)
    {
        if (words.Length == 1) return new RdbCheck(words[0], streams.Out).Run();
        streams.Error.WriteLine("Usage: kestrel-free --check-rdb <rdb-file-name>");
        return 1;
    }

    private static int CheckAof(ReadOnlySpan<string> words, StartupStreams streams)
    {
        if (AofCheckOptions.Parse(words, out var fault) is { } options) return new AofCheck(options, streams.Out, new StreamReader(streams.In)).Run();
        streams.Out.WriteLine(fault);
        return 1;
    }

    private static bool Refuse(StartupStreams streams, string reason)
    {
        streams.Error.WriteLine(reason);
        return true;
    }
}
