using System.Globalization;
using System.Text;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Hosting;

// What ps and top show for the process: the bytes of its command line, which lie on the first thread's stack and are the process's to change.
// Linux says where (/proc/self/stat), and /proc/self/mem writes them without a pointer:
//
//      before    kestrel-free\0/etc/redis.conf\0--port\07000\0
//      after     kestrel-free *:7000\0\0\0\0\0\0\0 ...
//
// What does not fit is cut off: behind the command line begins the environment, which libraries go on reading.

/// <summary>Sets the title of the process, as set-proc-title and proc-title-template want it.</summary>
internal static class ProcessTitle
{
    private const int ArgumentsBegin = 45;
    private const int ArgumentsEnd = 46;

    /// <summary>Sets the title, now and whenever the template changes.</summary>
    internal static void Follow(ServerConfig config)
    {
        var command = Command();
        Set(Expand(config, command));
        config.OnApply(
            changed =>
            {
                Set(Expand(changed, command));
                return null;
            },
            "proc-title-template");
    }

    /// <summary>The template with its variables filled in.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="title">The command that started the process.</param>
    internal static string Expand(ServerConfig config, string title)
    {
        var template = config.ProcTitleTemplate;
        var text = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '{')
            {
                text.Append(template[i]);
                continue;
            }

            var isLiteral = i + 1 < template.Length && template[i + 1] == '{';
            var close = isLiteral ? i + 1 : template.IndexOf('}', i);
            text.Append(isLiteral ? "{" : Variable(config, title, template[(i + 1)..close]));
            i = close;
        }

        return text.ToString().Trim(' ');
    }

    // As it was called; the runtime names its library instead.
    private static string Command() => OperatingSystem.IsLinux() ? File.ReadAllText("/proc/self/cmdline").Split('\0')[0] : Environment.ProcessPath ?? "";

    private static string Variable(ServerConfig config, string title, string name) => name switch
    {
        "title" => title,
        "listen-addr" => config.Port == 0 ? config.UnixSocket : $"{config.Bind.FirstOrDefault("*")}:{config.Port}",
        "server-mode" => config.ClusterEnabled ? "[cluster]" : "",
        "port" => config.Port.ToString(CultureInfo.InvariantCulture),
        "tls-port" => config.Format("tls-port"),
        "unixsocket" => config.UnixSocket,
        "config-file" => config.ConfigFile ?? "",
        _ => "",
    };

    // A title is a courtesy: where the system does not let it be set, the command line stays.
    private static void Set(string title)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            var (begin, end) = ArgumentArea();
            if (end <= begin) return;
            var area = new byte[end - begin];
            var text = Encoding.UTF8.GetBytes(title);
            text.AsSpan(0, Math.Min(text.Length, area.Length - 1)).CopyTo(area);
            using var memory = new FileStream("/proc/self/mem", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            memory.Seek(begin, SeekOrigin.Begin);
            memory.Write(area);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
        }
    }

    // The 48th and 49th field; the second, a name in parentheses, may hold blanks, so that counting begins behind it.
    private static (long Begin, long End) ArgumentArea()
    {
        var status = File.ReadAllText("/proc/self/stat");
        var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[ArgumentsBegin], CultureInfo.InvariantCulture), long.Parse(fields[ArgumentsEnd], CultureInfo.InvariantCulture));
    }
}
