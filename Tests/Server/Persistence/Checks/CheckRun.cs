using System.Text;
using KestrelFree.Server.Config;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>A run of --check-rdb or --check-aof in this process: how it ended and what it printed.</summary>
internal sealed record CheckRun(int ExitCode, string Output)
{
    /// <summary>Runs the executable's start with arguments and nothing but an answer on standard input.</summary>
    public static CheckRun Of(string answer, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var input = new MemoryStream(Encoding.ASCII.GetBytes(answer));
        var startup = Startup.Read(arguments, new StartupStreams(input, output, output));
        return new CheckRun(startup.Config is null ? startup.ExitCode : -1, output.ToString());
    }
}
