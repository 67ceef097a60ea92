namespace KestrelFree.Server.Persistence;

/// <summary>From where to where data goes.</summary>
internal enum JsonTransferDirection
{
    /// <summary>From the server's files to JSON.</summary>
    Export,

    /// <summary>From JSON to the server's files.</summary>
    Import,
}

/// <summary>--export-json or --import-json, and the file behind it.</summary>
/// <param name="Direction">Which of them.</param>
/// <param name="FilePath">The file of JSON.</param>
internal sealed record JsonTransferOptions(JsonTransferDirection Direction, string FilePath)
{
    /// <summary>How the options are used.</summary>
    internal const string Usage = "Usage: kestrel-free --export-json|--import-json <file> [/path/to/redis.conf] [--directive value ...]";

    /// <summary>Whether arguments of the process begin with one of the two.</summary>
    internal static bool IsMeant(ReadOnlySpan<string> arguments) => arguments.Length > 0 && arguments[0] is "--export-json" or "--import-json";

    /// <summary>Takes the option and its file off the front of the arguments, which are the server's behind it; null if there is no file.</summary>
    internal static JsonTransferOptions? Take(ref string[] arguments)
    {
        if (arguments.Length < 2 || arguments[1].StartsWith("--", StringComparison.Ordinal)) return null;
        var direction = arguments[0] == "--export-json" ? JsonTransferDirection.Export : JsonTransferDirection.Import;
        var options = new JsonTransferOptions(direction, arguments[1]);
        arguments = arguments[2..];
        return options;
    }
}
