using System.Text;
using KestrelFree.Server.Config.Sources;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Persistence;
using Microsoft.Extensions.Configuration;

namespace KestrelFree.Server.Config;

/// <summary>The process's standard streams, or stand-ins for them.</summary>
internal sealed record StartupStreams(Stream In, TextWriter Out, TextWriter Error)
{
    /// <summary>The process's own.</summary>
    public static StartupStreams OfProcess() => new(Console.OpenStandardInput(), Console.Out, Console.Error);
}

// From the arguments to a configuration, in redis-server's order: an option that only prints comes first; then the file and stdin as one
// text, the environment, and the options of the command line. The first faulty statement ends it with Redis's report on stderr and exit code
// 1; a file that cannot be read ends it with a log line, as Redis does. Lines of the command line are counted on from the file's, which is
// why a fault in "--port" alone is reported at line 2: an empty file is one line.

/// <summary>What came of the arguments: a configuration to start with, or an exit code.</summary>
internal sealed class Startup
{
    private readonly List<string> _notices = [];
    private IReadOnlyList<string> _withoutEffect = [];
    private IReadOnlyList<string> _warnings = [];

    private Startup()
    {
    }

    /// <summary>The configuration; null when there is nothing to start.</summary>
    public ServerConfig? Config { get; private set; }

    /// <summary>What to exit with when there is no configuration.</summary>
    public int ExitCode { get; private set; }

    /// <summary>The configuration that came in on standard input, which can be read only once; null when none was asked for.</summary>
    public string? StandardInputText { get; private set; }

    /// <summary>What to do with the configuration in place of starting a server; null for nothing.</summary>
    public JsonTransferOptions? Transfer { get; private set; }

    /// <summary>Whether the server was started without any argument.</summary>
    public bool HasNoArguments { get; private init; }

    /// <summary>Reads file, stdin, environment and arguments. Reports every fault of the user's itself and throws for none.</summary>
    public static Startup Read(string[] arguments, StartupStreams streams)
    {
        var startup = new Startup { HasNoArguments = arguments.Length == 0 };
        if (ImmediateOptions.TryRun(arguments, streams, out var exitCode))
            startup.ExitCode = exitCode;
        else if (JsonTransferOptions.IsMeant(arguments) && (startup.Transfer = JsonTransferOptions.Take(ref arguments)) is null)
            startup.FailWithUsage(streams);
        else
            startup.Load(CommandLine.Parse(arguments), streams);
        return startup;
    }

    /// <summary>Logs what was noticed while loading.</summary>
    public void LogNotes(ServerLog log)
    {
        foreach (var notice in _notices)
            log.Notice(notice);
        foreach (var warning in _warnings)
            log.Warning(warning);
        if (HasNoArguments)
        {
            log.Warning("Warning: no config file specified, using the default config. " +
                $"In order to specify a config file use {ServerVersion.Name} /path/to/redis.conf");
        }
        else
        {
            log.Notice("Configuration loaded");
        }

        if (_withoutEffect.Count > 0)
            log.Notice("Accepted, but without effect yet: " + string.Join(", ", _withoutEffect));
    }

    private void Load(CommandLine line, StartupStreams streams)
    {
        var text = "";
        if (line.ConfigFile is { } path)
        {
            text = ConfFiles.Read(path, "", out var failure);
            if (text is null)
            {
                FailWithLogLine(streams, failure);
                return;
            }
        }

        if (line.ReadsStdin)
        {
            _notices.Add("Reading config from stdin");
            StandardInputText = ReadAll(streams.In);
            text += StandardInputText;
        }

        Fill(line, text, streams);
    }

    private void Fill(CommandLine line, string text, StartupStreams streams)
    {
        var sources = new ConfigurationBuilder()
            .Add(new ConfTextSource(text, 1))
            .Add(new EnvironmentSource())
            .Add(new ConfTextSource(line.Options, text.Count(c => c == '\n') + 2))
            .Build();
        var config = new ServerConfig { ConfigFile = line.ConfigFile };
        var loader = new ConfigLoader(config);
        if (loader.Load(sources))
        {
            Config = config;
            _withoutEffect = loader.WithoutEffect;
            _warnings = loader.Warnings;
        }
        else if (loader.Faulty?.Unreadable is { } unreadable)
        {
            FailWithLogLine(streams, unreadable);
        }
        else
        {
            Report(streams.Error, loader.Faulty, loader.Fault!);
            ExitCode = 1;
        }
    }

    private void FailWithUsage(StartupStreams streams)
    {
        streams.Error.WriteLine(JsonTransferOptions.Usage);
        ExitCode = 1;
    }

    private void FailWithLogLine(StartupStreams streams, string message)
    {
        streams.Out.WriteLine(RedisLine.Format(DateTimeOffset.Now, LogRole.Child, LogLevel.Warning, message));
        streams.Out.Flush();
        ExitCode = 1;
    }

    private static void Report(TextWriter error, ConfStatement? statement, string fault)
    {
        var report = new StringBuilder($"\n*** FATAL CONFIG FILE ERROR (Redis {ServerVersion.Redis}) ***\n");
        if (statement is not null)
        {
            report.Append(statement.Origin == StatementOrigin.Line
                ? $"Reading the configuration file, at line {statement.LineNumber}\n"
                : $"Reading the environment variable {statement.Variable}\n");
            report.Append($">>> '{WithoutSecrets(ByteText.ToUnicode(statement.LineText))}'\n");
        }

        error.Write(report.Append(fault).Append('\n').ToString());
        error.Flush();
    }

    // What goes to the standard error stream ends in the journal of systemd and the like.
    private static string WithoutSecrets(string line)
    {
        var words = line.Split(' ');
        if (ConfigSet.IsSensitive(words[0])) return words[0] + " (redacted)";
        if (!words[0].Equals("user", StringComparison.OrdinalIgnoreCase)) return line;
        return string.Join(' ', words.Select(static word => word.StartsWith('>') || word.StartsWith('<') ? word[0] + "(redacted)" : word));
    }

    private static string ReadAll(Stream input)
    {
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        return ByteText.From(bytes.ToArray());
    }
}
