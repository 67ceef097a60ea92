using System.Globalization;
using System.Text;

namespace KestrelFree.Server.Introspection;

/// <summary>MEMORY DOCTOR: what is wrong with the use of memory, in words.</summary>
internal static class MemoryDoctor
{
    private const long Little = 5 << 20;
    private const double MuchAbovePeak = 1.5;
    private const double MuchFragmentation = 1.4;
    private const long FragmentationThatMatters = 10 << 20;
    private const long LargeBuffers = 200 << 10;

    /// <summary>Examines the figures of a server.</summary>
    internal static string Examine(MemoryFigures figures)
    {
        if (figures.Used < Little)
            return "This instance holds next to nothing: what its memory looks like will mean something once there is data, 5 MB or so.\n";

        var findings = new StringBuilder();
        var number = 0;
        if ((double)figures.Peak / figures.Used > MuchAbovePeak)
        {
            Add(
                $"The peak was {figures.Peak >> 20} MB, now {figures.Used >> 20} MB are in use. What is not in use is given back to the system within seconds, " +
                "but a figure of fragmentation taken meanwhile looks worse than it is.");
        }

        if ((double)figures.Resident / figures.Used > MuchFragmentation && figures.Resident - figures.Used > FragmentationThatMatters)
        {
            Add(
                string.Create(CultureInfo.InvariantCulture, $"The process takes {(double)figures.Resident / figures.Used:F2} times what keys and values use. ") +
                $"{(figures.Allocated - figures.Used) >> 20} MB of the difference are room in pages (MEMORY PURGE compacts them in the background), " +
                $"{Math.Max(0, figures.Resident - figures.Allocated) >> 20} MB are the runtime, buffers and code.");
        }

        if (figures.ClientCount > 0 && figures.Clients / figures.ClientCount > LargeBuffers)
        {
            Add(
                $"Clients' buffers take {figures.Clients / figures.ClientCount >> 10} KB each on average: some send or ask for a lot at once, or do not read their " +
                "replies. CLIENT LIST shows which (qbuf, omem), client-output-buffer-limit ends them.");
        }

        return number == 0 ? "Nothing is wrong with the memory of this instance, as far as I can see.\n" : $"I have found {number} thing(s) to look at:\n\n{findings}";

        void Add(string finding) => findings.Append(++number).Append(". ").Append(finding).Append("\n\n");
    }
}
