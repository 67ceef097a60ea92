using System.Runtime.InteropServices;

namespace KestrelFree.Server.Config;

/// <summary>The operating system's own words for a failed file operation, which is what Redis's messages end in.</summary>
internal static class SystemErrorText
{
    /// <summary>The text for a missing file or directory.</summary>
    public const string NoSuchFile = "No such file or directory";

    /// <summary>The number that says that a device is full.</summary>
    public const int NoSpace = 28;

    private const int LargestErrno = 4096;
    private const int NoEntry = 2;
    private const int NoPermission = 13;
    private const int NameTooLong = 36;

    /// <summary>The text that belongs to an exception of System.IO.</summary>
    public static string Of(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoSuchFile,
        UnauthorizedAccessException => "Permission denied",
        PathTooLongException => "File name too long",
        IOException { HResult: > 0 and < LargestErrno } io => Marshal.GetPInvokeErrorMessage(io.HResult),
        _ => exception.Message,
    };

    /// <summary>The number that belongs to an exception of System.IO; 0 if it is not known.</summary>
    public static int ErrnoOf(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoEntry,
        UnauthorizedAccessException => NoPermission,
        PathTooLongException => NameTooLong,
        IOException { HResult: > 0 and < LargestErrno } io => io.HResult,
        _ => 0,
    };
}
