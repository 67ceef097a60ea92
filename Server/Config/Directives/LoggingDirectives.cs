using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>What is logged, where and how.</summary>
internal static class LoggingDirectives
{
    private const long Local0 = 16;

    public static readonly Directive[] Rows =
    [
        Choice("loglevel", LogLevel.Notice, Choices.LogLevel),
        Text("logfile", "", Immutable),
        Choice("log-format", LogFormat.Redis, Choices.LogFormat),
        YesNo("hide-user-data-from-log", No),
        YesNo("syslog-enabled", No, Immutable),
        Text("syslog-ident", "redis", Immutable),
        new ChoiceDirective("syslog-facility", Choices.SyslogFacility, Local0) { Flags = Immutable },
    ];
}
