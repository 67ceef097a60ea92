using System.Diagnostics;

namespace KestrelFree.Server.Persistence;

/// <summary>The moments at which files change their names, and a crash leaves some under the old one.</summary>
internal enum FileStep
{
    /// <summary>None of them.</summary>
    None,

    /// <summary>A snapshot is whole under its temporary name.</summary>
    SnapshotWritten,

    /// <summary>It has its name; the folder is not synced.</summary>
    SnapshotRenamed,

    /// <summary>The base of an append-only file has its name; the manifest does not list it.</summary>
    BaseRenamed,

    /// <summary>A manifest is whole under its temporary name.</summary>
    ManifestWritten,

    /// <summary>It has its name; what it does not list any more is not deleted.</summary>
    ManifestRenamed,
}

/// <summary>
/// Ends the process at a step, as kill -9 would, so that a test need not hope to hit it (DEBUG CRASH-AT). Any thread may reach a step.
/// </summary>
internal sealed class FileSteps
{
    private volatile FileStep _fatal;

    /// <summary>The step that the process does not survive.</summary>
    internal FileStep Fatal
    {
        set => _fatal = value;
    }

    /// <summary>Notes that a step has been reached.</summary>
    internal void Reach(FileStep step)
    {
        if (step != _fatal) return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
