using System.Runtime.InteropServices;

namespace KestrelFree.Server.Config;

/// <summary>The operating system's own words for a failed file operation, which is what Redis's messages end in.</summary>
internal static class SystemErrorText
{
    /// <summary>The text for a missing file or directory.</summary>
    public const string NoSuchFile = "No such file or directory";

    private const int LargestErrno = 4096;

    /// <summary>The text that belongs to an exception of System.IO.</summary>
    public static string Of(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoSuchFile,
        UnauthorizedAccessException => "Permission denied",
        PathTooLongException => "File name too long",
        IOException { HResult: > 0 and < LargestErrno } io => Marshal.GetPInvokeErrorMessage(io.HResult),
        _ => exception.Message,
    };
}
