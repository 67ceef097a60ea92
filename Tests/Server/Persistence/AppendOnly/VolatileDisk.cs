using KestrelFree.Server.Persistence;

namespace KestrelFree.Tests.Server.Persistence;

// Files that know how far they are synced. After a power loss what was synced is there; of what was only written some may be, or zeros in its
// place: the file system had made room for it. Everything that is no append-only file is synced before it gets its name, so the copy has it
// whole.

/// <summary>A disk that forgets what was not synced.</summary>
internal sealed class VolatileDisk
{
    private readonly Dictionary<string, VolatileFile> _files = [];

    /// <summary>Opens a file of this disk.</summary>
    public AofFile Open(string path, FileMode mode)
    {
        var file = new VolatileFile(path, mode);
        lock (_files) _files[Path.GetFileName(path)] = file;
        return file;
    }

    /// <summary>What a power loss at this moment leaves of a folder, in another one. Not while another thread appends.</summary>
    public void LosePower(string from, string to, Random dice)
    {
        Directory.CreateDirectory(to);
        foreach (var path in Directory.GetFiles(from))
        {
            var bytes = File.ReadAllBytes(path);
            if (Find(path) is { } file) bytes = Survivors(bytes, (int)file.SyncedBytes, dice);
            File.WriteAllBytes(Path.Combine(to, Path.GetFileName(path)), bytes);
        }
    }

    private static byte[] Survivors(byte[] written, int synced, Random dice)
    {
        var kept = synced + (dice.Next(3) == 0 ? 0 : dice.Next(written.Length - synced + 1));
        var bytes = written[..kept];
        if (dice.Next(3) == 0) bytes = [.. bytes, .. new byte[written.Length - kept]];
        return bytes;
    }

    private VolatileFile? Find(string path)
    {
        lock (_files) return _files.Values.LastOrDefault(file => file.FilePath == path);
    }

    private sealed class VolatileFile(string path, FileMode mode) : AofFile(path, mode)
    {
        private long _synced;

        internal long SyncedBytes => Volatile.Read(ref _synced);

        internal override void Sync()
        {
            var length = Length;
            base.Sync();
            Volatile.Write(ref _synced, Math.Max(length, SyncedBytes));
        }
    }
}
