using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>The process: how it starts, stops, is supervised and scheduled.</summary>
internal static class GeneralDirectives
{
    public static readonly Directive[] Rows =
    [
        Integer("databases", 16, 1, MaxInt, Immutable),
        new DirDirective("dir") { Flags = Protected | DenyLoading },
        YesNo("daemonize", No, Immutable),
        OptionalText("pidfile", Immutable),
        Choice("supervised", SupervisedMode.None, Choices.Supervised, Immutable),
        Integer("shutdown-timeout", 10, 0, MaxInt, effect: NotYet),
        ShutdownOn("shutdown-on-sigint"),
        ShutdownOn("shutdown-on-sigterm"),
        Clamped("hz", 10, 0, MaxInt, (1, 500)),
        YesNo("dynamic-hz", Yes),
        YesNo("rehearsal", Yes),
        YesNo("set-proc-title", Yes, Immutable),
        Text("proc-title-template", "{title} {listen-addr} {server-mode}", refusal: TextChecks.ProcTitleTemplate),
        YesNo("always-show-logo", No, Immutable),
        Text("locale-collate", "", effect: NotYet, refusal: TextChecks.Locale),
        Text("ignore-warnings", "", effect: NotYet),
        YesNo("crash-log-enabled", Yes),
        YesNo("crash-memcheck-enabled", Yes, effect: NotYet),
        YesNo("disable-thp", Yes, Immutable),
        Choice("oom-score-adj", OomScoreAdj.No, Choices.OomScoreAdj),
        new OomScoreAdjValuesDirective("oom-score-adj-values", 0, 200, 800) { Flags = Several },
        OptionalText("server_cpulist", Immutable | HiddenAlias, "server-cpulist"),
        OptionalText("bio_cpulist", Immutable | HiddenAlias, "bio-cpulist"),
        OptionalText("aof_rewrite_cpulist", Immutable | HiddenAlias, "aof-rewrite-cpulist"),
        OptionalText("bgsave_cpulist", Immutable | HiddenAlias, "bgsave-cpulist"),
        Integer("busy-reply-threshold", 5000, 0, MaxLong, alias: "lua-time-limit", effect: NotYet),
    ];

    private static ChoiceDirective ShutdownOn(string name) => new(name, Choices.ShutdownFlags, 0)
    {
        Flags = Several,
        Contradiction = flags => ((ShutdownFlags)flags).HasFlag(ShutdownFlags.Save | ShutdownFlags.NoSave)
            ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
            : null,
    };
}
