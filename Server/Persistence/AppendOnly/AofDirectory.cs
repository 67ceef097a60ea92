using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Persistence;

// The folder of an append-only file (appenddirname) and the manifest in it.
//
//     appendonlydir/appendonly.aof.manifest
//     appendonlydir/appendonly.aof.1.base.rdb
//     appendonlydir/appendonly.aof.1.incr.aof
//
// The manifest is written under another name, synced and renamed, so a crash at any moment leaves the old one or the new one. What it does not
// name is of no importance: a base whose rewrite did not get as far, or history that was about to be deleted.

/// <summary>The files of an append-only file.</summary>
internal sealed class AofDirectory
{
    private readonly ServerConfig _config;
    private readonly ServerLog _log;
    private readonly FileSteps _steps;

    internal AofDirectory(ServerConfig config, ServerLog log, FileSteps steps)
    {
        _config = config;
        _log = log;
        _steps = steps;
    }

    /// <summary>What the files begin with, and the file of versions before 7.</summary>
    internal string FileName => ByteText.ToUnicode(_config.AppendFilename);

    /// <summary>Where the folder is: the working folder, if empty.</summary>
    internal string Root { get; set; } = "";

    /// <summary>Closes what has lost its name, elsewhere than on the loop.</summary>
    internal Action<IDisposable> CloseLater { get; set; } = static file => file.Dispose();

    /// <summary>The folder.</summary>
    internal string FolderPath => Path.GetFullPath(Path.Combine(Root, ByteText.ToUnicode(_config.AppendDirname)));

    /// <summary>The files.</summary>
    internal AofManifest Manifest { get; private set; } = new();

    private string ManifestPath => PathOf($"{FileName}.manifest");

    /// <summary>The path of a file in the folder.</summary>
    internal string PathOf(string name) => Path.Combine(FolderPath, name);

    /// <summary>The bytes of a file; 0 when it is missing.</summary>
    internal long SizeOf(string name)
    {
        var file = new FileInfo(PathOf(name));
        return file.Exists ? file.Length : 0;
    }

    /// <summary>The bytes of all files that are listed but the newest incremental one.</summary>
    internal long EarlierBytes => (Manifest.Base is { } first ? SizeOf(first.Name) : 0) + Manifest.Incrs.SkipLast(1).Sum(file => SizeOf(file.Name));

    /// <summary>Reads the manifest. Throws <see cref="LoadException"/>, IOException, UnauthorizedAccessException.</summary>
    internal void Load() => Manifest = File.Exists(ManifestPath) ? AofManifest.Parse(File.ReadAllBytes(ManifestPath)) : new AofManifest();

    /// <summary>Takes the single file of an older version in, where there is one. Throws IOException and UnauthorizedAccessException.</summary>
    internal void UpgradeIfNeeded()
    {
        if (IsToBeUpgraded()) Upgrade();
    }

    /// <summary>Makes a manifest the one that counts. Throws IOException and UnauthorizedAccessException; then the old one still does.</summary>
    internal void Persist(AofManifest manifest)
    {
        Directory.CreateDirectory(FolderPath);
        var temporary = PathOf($"temp-{FileName}.manifest");
        using (var file = new AofFile(temporary, FileMode.Create))
        {
            file.Append(manifest.Format());
            file.Sync();
        }

        _steps.Reach(FileStep.ManifestWritten);
        File.Move(temporary, ManifestPath, overwrite: true);
        _steps.Reach(FileStep.ManifestRenamed);
        AtomicFile.SyncDirectory(FolderPath);
        Manifest = manifest;
    }

    /// <summary>Deletes what a rewrite has replaced. What cannot be deleted is left for the next time.</summary>
    internal void DeleteHistory()
    {
        if (Manifest.History.Count == 0) return;
        try
        {
            foreach (var file in Manifest.History)
            {
                _log.Notice($"Removing the history file {file.Name} in the background");
                Delete(PathOf(file.Name));
            }

            var manifest = Manifest.Copy();
            manifest.ForgetHistory();
            Persist(manifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Warning($"Cannot delete history files of the AOF: {SystemErrorText.Of(e)}");
        }
    }

    private void Delete(string path)
    {
        if (!File.Exists(path)) return;
        var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        CloseLater(handle);
    }

    // The last case is an upgrade that a crash interrupted between manifest and rename.
    private bool IsToBeUpgraded()
    {
        if (!File.Exists(Path.GetFullPath(Path.Combine(Root, FileName)))) return false;
        return Manifest.IsEmpty || (Manifest.Incrs.Count == 0 && Manifest.Base?.Name == FileName && !File.Exists(PathOf(FileName)));
    }

    private void Upgrade()
    {
        _log.Notice($"Found an old-style AOF file {FileName}. It becomes the base of the AOF in {FolderPath}.");
        Persist(AofManifest.OfSingleFile(FileName));
        File.Move(Path.GetFullPath(Path.Combine(Root, FileName)), PathOf(FileName));
        AtomicFile.SyncDirectory(FolderPath);
        _log.Notice($"Successfully migrated an old-style AOF configuration ({FileName}) into the AOF directory ({FolderPath}).");
    }
}
