namespace KestrelFree.Server.Config;

/// <summary>Looks at settings of the operating system that a server suffers from.</summary>
internal static class SystemCheck
{
    private const string ClockSource = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    private const string Overcommit = "/proc/sys/vm/overcommit_memory";
    private const string Strict = "2";

    /// <summary>Prints a line per check; false when one of them warns.</summary>
    public static bool Run(TextWriter output)
    {
        var clock = Check(output, "slow-clocksource", ClockSource, source => source is not ("hpet" or "acpi_pm" or "jiffies" or "xen"),
            "Reading the time is slow with this clock source; switch to tsc or the hypervisor's own if the machine has it.");
        var memory = Check(output, "overcommit", Overcommit, mode => mode != Strict,
            "Strict accounting of memory may refuse memory that is free; set 'vm.overcommit_memory' to 0 or 1.");
        return clock && memory;
    }

    private static bool Check(TextWriter output, string name, string path, Func<string, bool> isFine, string warning)
    {
        if (!File.Exists(path))
        {
            output.WriteLine($"[{name}]...skipped");
            return true;
        }

        var fine = isFine(File.ReadAllText(path).Trim());
        output.WriteLine(fine ? $"[{name}]...OK" : $"[{name}]...WARNING:\n{warning}");
        return fine;
    }
}
