using NUnit.Framework;

namespace KestrelFree.Tests.Support;

/// <summary>What a test needs from the machine: missing locally it makes the test inconclusive, missing in CI it makes it fail.</summary>
internal static class Requirement
{
    /// <summary>Whether this run is the gate, where nothing may be left out.</summary>
    public static bool IsCi => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The path of a program found on PATH, or the end of the test.</summary>
    public static string Program(string name) => FindOnPath(name) ?? throw Missing($"The program {name} is not on PATH.");

    /// <summary>The path of the first of several programs that exists, or the end of the test.</summary>
    public static string FirstProgram(params string[] candidates) =>
        candidates.Select(FindOnPath).FirstOrDefault(path => path is not null)
        ?? throw Missing($"None of {string.Join(", ", candidates)} is installed.");

    /// <summary>Ends the test: inconclusive locally, failed in CI.</summary>
    public static Exception Missing(string what) =>
        IsCi ? new AssertionException($"{what} CI must have it.") : new InconclusiveException(what);

    /// <summary>The full path of a program by name or path, or null.</summary>
    public static string? FindOnPath(string name)
    {
        if (Path.IsPathRooted(name)) return File.Exists(name) ? name : null;

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
