using KestrelFree.Server.Config;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// --check-rdb: what redis-check-rdb does. Each value is read as loading would read it, as strictly as can be, and thrown away, so that a file of
// any size takes the memory of its largest value. The verdict is printed in the words of redis-check-rdb, which scripts look for; the reason of
// a failure is our own.

/// <summary>Checks an RDB file, or the RDB part that another file begins with, and prints what is in it.</summary>
/// <param name="path">The file.</param>
/// <param name="output">Takes the report.</param>
internal sealed class RdbCheck(string path, TextWriter output)
{
    private const long SliceBytes = 1 << 24;

    private readonly Keyspace _keyspace = new(new KeyspaceOptions { Databases = 1, HugePages = HugePages.Off });
    private RdbFileReader _reader = null!;

    /// <summary>Where the RDB part ends, once it has been found sound.</summary>
    internal long EndOffset => _reader.Offset;

    /// <summary>Checks the file; the exit code of the process.</summary>
    internal int Run()
    {
        Print(0, $"Checking RDB file {path}");
        try
        {
            using var file = new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
            return IsSound(file) ? 0 : 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"Cannot open file {path}: {SystemErrorText.Of(e)}");
            return 1;
        }
    }

    /// <summary>Checks what a stream holds from where it stands; false, and printed, if that is not sound. O(bytes). Throws IOException.</summary>
    internal bool IsSound(Stream stream)
    {
        _reader = NewReader(stream.Length);
        try
        {
            Read(new RdbInput(stream, path));
        }
        catch (RdbException e)
        {
            Report(e);
            return false;
        }

        if (_reader.HasChecksum) Print(EndOffset, "Checksum OK");
        Print(EndOffset, "\\o/ RDB looks OK! \\o/");
        PrintCounts();
        return true;
    }

    private RdbFileReader NewReader(long bytes) => new(_keyspace, PayloadCheck.Deep)
    {
        Purpose = RdbPurpose.Check,
        MostBytes = bytes,
        AuxRead = (name, value) => Print(EndOffset, $"AUX FIELD {name} = '{value}'"),
        DatabaseRead = number => Print(EndOffset, $"Selecting DB ID {number}"),
    };

    private void Read(RdbInput input)
    {
        _reader.Begin(input);
        while (!_reader.IsComplete)
        {
            _reader.ReadSlice(long.MaxValue, SliceBytes);
            while (_keyspace.RunMaintenance(long.MaxValue))
            {
                // What was read is freed.
            }
        }
    }

    private void Report(RdbException e)
    {
        output.WriteLine("--- RDB ERROR DETECTED ---");
        Print(e.Offset, e.Kind == RdbFault.Checksum ? $"RDB CRC error: {e.Message}" : e.Message);
        output.WriteLine($"[additional info] While doing: reading {e.Field}");
        if (_reader.CurrentType is { } type)
        {
            output.WriteLine($"[additional info] Reading key {ByteText.Quote(ByteText.From(_reader.CurrentKey))}");
            output.WriteLine($"[additional info] Reading type {(int)type} ({type})");
        }

        PrintCounts();
    }

    private void PrintCounts()
    {
        output.WriteLine($"[info] {_reader.KeysRead} keys read");
        output.WriteLine($"[info] {_reader.KeysThatExpire} expires");
        output.WriteLine($"[info] {_reader.KeysExpired} already expired");
    }

    private void Print(long offset, string text) => output.WriteLine($"[offset {offset}] {text}");
}
