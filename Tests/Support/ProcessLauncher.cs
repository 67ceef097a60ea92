using System.Collections.Concurrent;
using System.Diagnostics;

namespace KestrelFree.Tests.Support;

// Starts the servers under test so that none outlives the test run.
//
// Dispose kills every server, but a test host that is itself killed (a time limit, a debugger's stop button) disposes
// nothing. On Linux the kernel can be asked to kill a child when its parent dies (PR_SET_PDEATHSIG), and `setpriv
// --pdeathsig` asks for it and then execs the server, so the process id stays the server's own. "Parent" means the
// *thread* that forked, though: a child started from a pool thread would die when the pool retires that thread. So
// every start goes through one thread that lives as long as the process.

/// <summary>Starts child processes that die with this one.</summary>
internal static class ProcessLauncher
{
    private static readonly BlockingCollection<Action> Work = StartThread();
    private static readonly string? SetPriv = OperatingSystem.IsLinux() ? Requirement.FindOnPath("setpriv") : null;

    /// <summary>Starts a program with redirected streams; throws what Process.Start throws.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string workingFolder, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(SetPriv ?? program)
        {
            WorkingDirectory = workingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (SetPriv is not null) AddAll(info, ["--pdeathsig", "KILL", "--", program]);

        AddAll(info, arguments);

        // What a killed server leaves in the folder for temporary files goes with its own folder.
        info.Environment["TMPDIR"] = workingFolder;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;

        return OnLauncherThread(() => Process.Start(info)!);
    }

    private static void AddAll(ProcessStartInfo info, IEnumerable<string> arguments)
    {
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
    }

    private static Process OnLauncherThread(Func<Process> start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                started.SetResult(start());
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<Action> StartThread()
    {
        var work = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
                action();
        })
        { IsBackground = true, Name = "process launcher" };
        thread.Start();
        return work;
    }
}
