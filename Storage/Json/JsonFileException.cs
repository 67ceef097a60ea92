namespace KestrelFree.Storage;

/// <summary>A file of JSON that is not what <see cref="JsonFileWriter"/> writes.</summary>
public sealed class JsonFileException : Exception
{
    /// <summary>Tells what is wrong where.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">The byte up to which it was read.</param>
    /// <param name="field">What was being read.</param>
    /// <param name="problem">Why it cannot be right.</param>
    /// <param name="inner">What the parser has said, if it has.</param>
    public JsonFileException(string file, long offset, string field, string problem, Exception? inner = null)
        : base($"{file}: wrong at offset {offset}, reading {field}: {problem}", inner)
    {
        File = file;
        Offset = offset;
        Field = field;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The byte up to which it was read.</summary>
    public long Offset { get; }

    /// <summary>What was being read.</summary>
    public string Field { get; }
}
