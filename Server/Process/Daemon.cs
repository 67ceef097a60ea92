using System.Diagnostics;
using System.IO.Pipes;
using System.Text;

namespace KestrelFree.Server.Hosting;

// daemonize yes.
//
// fork(2) without exec leaves a managed process without its garbage collector's and compiler's threads, so the server cannot fork itself into the
// background. It starts itself again instead:
//
//      first process                                      detached process
//      reads the configuration, finds daemonize yes
//      starts itself: same arguments, the end of a   ->   finds the pipe's end in its environment: setsid
//      pipe in the environment                            reads the configuration again
//      copies what it prints to the terminal         <-   standard streams to /dev/null
//      waits for one line on the pipe                <-   opens its sockets; "listening", or why not
//      exit code 0, or the reason and 1                   serves
//
// So, unlike with redis-server, the exit code tells whether the server listens, and a script may connect right after it. The child's standard streams
// are pipes to the first process rather than the terminal itself, so that whoever waits for the end of that output (ssh, a shell's
// $(...)) need not wait for the daemon's. A child that dies closes its pipe, which is an answer too.

/// <summary>Starts the server in the background.</summary>
internal static class Daemon
{
    private const string PipeVariable = "KESTREL_FREE_DETACHED";
    private static readonly TimeSpan LastWordsPatience = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Starts this executable again, detached, and waits until it listens: 0 then, else 1 after writing the reason. A configuration that
    /// was read from standard input has to be handed on in <paramref name="standardInput"/> (a character a byte), since it can be read once.
    /// </summary>
    internal static int LaunchDetached(string[] args, TextWriter error, TimeSpan? timeout = null, string? standardInput = null) =>
        LaunchDetached(CommandOfThisProcess(args), Console.Out, error, timeout ?? Timeout.InfiniteTimeSpan, standardInput);

    /// <summary>The same for any program that reports as <see cref="DetachedChild"/> does.</summary>
    internal static int LaunchDetached(ProcessStartInfo start, TextWriter output, TextWriter error, TimeSpan timeout, string? standardInput)
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        start.Environment[PipeVariable] = pipe.GetClientHandleAsString();
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        start.RedirectStandardInput = true;
        start.StandardInputEncoding = Encoding.Latin1;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var child = Process.Start(start)!;
        pipe.DisposeLocalCopyOfClientHandle();

        var words = Task.WhenAll(Copy(child.StandardOutput, output), Copy(child.StandardError, error));
        Feed(child, standardInput);
        var report = ReadReport(pipe, timeout);
        words.Wait(LastWordsPatience);
        return Judge(report, child, error);
    }

    /// <summary>In the detached process, leaves the terminal and answers the pipe to the parent; null in any other process.</summary>
    internal static DetachedChild? TryEnter()
    {
        var handle = Environment.GetEnvironmentVariable(PipeVariable);
        if (string.IsNullOrEmpty(handle)) return null;

        // Children of the daemon are no daemons.
        Environment.SetEnvironmentVariable(PipeVariable, null);
        StandardStreams.LeaveTerminal();
        return DetachedChild.Open(handle);
    }

    private static ProcessStartInfo CommandOfThisProcess(string[] args)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of the running executable is not known.");
        var start = new ProcessStartInfo(program);
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            // Started as `dotnet kestrel-free.dll`: the host needs to be told the assembly again.
            start.ArgumentList.Add(Path.GetFullPath(Environment.GetCommandLineArgs()[0]));
        }

        Array.ForEach(args, start.ArgumentList.Add);
        return start;
    }

    private static async Task Copy(StreamReader from, TextWriter to)
    {
        var buffer = new char[1024];
        int count;
        while ((count = await from.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
            await to.FlushAsync().ConfigureAwait(false);
        }
    }

    private static void Feed(Process child, string? standardInput)
    {
        try
        {
            child.StandardInput.Write(standardInput);
            child.StandardInput.Close();
        }
        catch (IOException)
        {
            // The child has ended or does not read its input; its report tells which.
        }
    }

    // One line, or null when the child closed the pipe without a report or the time was up.
    private static string? ReadReport(Stream pipe, TimeSpan timeout)
    {
        var line = Task.Run(() =>
        {
            using var reader = new StreamReader(pipe, Encoding.UTF8, leaveOpen: true);
            return reader.ReadLine();
        });
        return line.Wait(timeout) ? line.Result : null;
    }

    private static int Judge(string? report, Process child, TextWriter error)
    {
        if (report == DetachedChild.Listening) return 0;

        var reason = report ?? (child.WaitForExit(LastWordsPatience)
            ? $"the server ended with exit code {child.ExitCode} before it listened"
            : "the server has not reported that it listens");
        error.WriteLine($"Starting in the background failed: {reason}");
        return 1;
    }
}
