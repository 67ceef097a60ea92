namespace KestrelFree.Tests.Support;

/// <summary>Finds the files of the source tree that the tests run from.</summary>
internal static class Repository
{
    /// <summary>The folder that holds the solution, found upwards from the test assembly; throws when there is none.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The absolute path of a file or folder given relative to the root.</summary>
    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Kestrel-free.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No Kestrel-free.sln in or above {AppContext.BaseDirectory}.");
    }
}
