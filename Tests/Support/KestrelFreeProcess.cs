using NUnit.Framework;

namespace KestrelFree.Tests.Support;

// The executable under test is the one that the solution built in the same configuration as the tests: a real file,
// started as a user starts it. KESTREL_FREE_EXECUTABLE names another one, such as a published build, or redis-server
// itself, which shows whether a test of this folder states what Redis does.

/// <summary>The server under test: the real executable.</summary>
internal static class KestrelFreeProcess
{
    /// <summary>The path of the executable; fails where it was not built.</summary>
    public static string Executable { get; } = Locate();

    /// <summary>Whether the executable is ours, and takes the directives that only we have.</summary>
    public static bool IsOurs => Path.GetFileNameWithoutExtension(Executable) == "kestrel-free";

    /// <summary>
    /// Starts the server on a free port and waits until it answers. It does without a rehearsal unless told otherwise: hundreds of servers that
    /// live for a moment would spend more time on it than on the tests.
    /// </summary>
    public static ServerProcess Start(params string[] arguments) =>
        ServerProcess.Start(Executable, IsOurs ? ["--rehearsal", "no", .. arguments] : arguments);

    /// <summary>Starts the server on one of its event back ends; another server under test has no choice of them.</summary>
    public static ServerProcess StartOn(string backend, params string[] arguments) =>
        Start(IsOurs ? ["--event-backend", backend, .. arguments] : arguments);

    private static string Locate()
    {
        if (Environment.GetEnvironmentVariable("KESTREL_FREE_EXECUTABLE") is { Length: > 0 } chosen) return chosen;

        // .../Tests/bin/<configuration>/<framework>/ has its twin under Server/.
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var name = OperatingSystem.IsWindows() ? "kestrel-free.exe" : "kestrel-free";
        var path = Repository.PathTo("Server", "bin", framework.Parent!.Name, framework.Name, name);
        return File.Exists(path) ? path : throw new AssertionException($"Build the server first: {path} does not exist.");
    }
}
