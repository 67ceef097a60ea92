using System.Buffers;
using System.Globalization;
using System.Text;

namespace KestrelFree.Storage;

/// <summary>Writes a snapshot as the commands that make it anew; see <see cref="ValueCommands"/>.</summary>
public sealed class CommandFileWriter : ISnapshotFileWriter
{
    private readonly RdbFileOutput _output;
    private readonly ValueCommands _commands;

    /// <summary>Writes to a stream, which stays the caller's.</summary>
    public CommandFileWriter(Stream stream)
    {
        _output = new RdbFileOutput(stream);
        _commands = new ValueCommands(_output);
    }

    /// <summary>The time that the file begins with as an annotation, in Unix seconds; null for none.</summary>
    public long? StampSeconds { get; init; }

    /// <inheritdoc/>
    public long BytesWritten => _output.FlushedBytes;

    /// <inheritdoc/>
    public bool Write(Snapshot snapshot, Func<bool>? advance = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (StampSeconds is { } seconds)
            _output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#TS:{seconds}\r\n")));
        int database = -1;
        SnapshotWalk walk = snapshot.Walk();
        while (walk.MoveNext())
        {
            if (walk.DatabaseIndex != database)
            {
                database = walk.DatabaseIndex;
                _commands.WriteSelect(database);
            }

            _commands.Write(walk.Entry);
            if (advance is not null && !advance()) return false;
        }

        _output.Flush();
        return true;
    }
}
