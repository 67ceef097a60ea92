namespace KestrelFree.Tests.Support;

/// <summary>A folder of its own for one test, deleted on dispose.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder()
        : this(System.IO.Path.GetTempPath())
    {
    }

    /// <summary>Makes it in another folder than that for temporary files.</summary>
    public TempFolder(string parent) => Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"kf-{Guid.NewGuid():N}"[..12])).FullName;

    /// <summary>The folder's absolute path; short, since a Unix socket's path may have 108 bytes only.</summary>
    public string Path { get; }

    /// <summary>The path of a file in the folder; creates nothing.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text file into the folder and returns its path.</summary>
    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A file that a dying server still writes: the temp folder's owner cleans it up.
        }
    }
}
