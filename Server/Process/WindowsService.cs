using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KestrelFree.Server.Hosting;

// Running under the service control manager of Windows:
//
//      sc.exe create kestrel-free start= auto binPath= "C:\kestrel-free\kestrel-free.exe C:\kestrel-free\redis.conf --service-run"
//
// --service-run, the word that Redis's ports to Windows take, comes last and is not the server's: with it the process's first thread becomes the
// manager's dispatcher, which calls ServiceMain on a thread of its own; there the server runs. A stop, or the machine's shutdown, arrives on the
// dispatcher's thread, which only asks: the server ends by the same steps as after a SIGTERM, and the manager is told when it has.
// System.ServiceProcess does the same in a package that is not part of the framework; these are four calls.
//
// Written from the manager's documented contract; it has not been run on Windows yet.

/// <summary>Runs the server as a service of Windows.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsService
{
    /// <summary>The argument that asks for it.</summary>
    internal const string Argument = "--service-run";

    private const int OwnProcess = 0x10;
    private const int StartPending = 2;
    private const int StopPending = 3;
    private const int Running = 4;
    private const int Stopped = 1;
    private const int AcceptsStopAndShutdown = 1 | 4;
    private const int ControlStop = 1;
    private const int ControlInterrogate = 4;
    private const int ControlShutdown = 5;
    private const int NotImplemented = 120;
    private const int PatienceMs = 60_000;
    private const int SpecificError = 1066;

    private readonly Func<Action<Action>, int> _run;
    private nint _status;
    private Action? _stop;
    private int _exitCode;

    private WindowsService(Func<Action<Action>, int> run) => _run = run;

    /// <summary>Hands the process to the service control manager until the service has stopped; returns the server's exit code.</summary>
    /// <param name="run">Runs the server to its end; calls what it is given when it is ready, with what asks it to end.</param>
    internal static int Run(Func<Action<Action>, int> run)
    {
        var service = new WindowsService(run);
        ServiceMain main = service.Main;
        var name = Marshal.StringToHGlobalUni("kestrel-free");
        var table = stackalloc ServiceTableEntry[2];
        table[0] = new ServiceTableEntry { Name = name, Main = Marshal.GetFunctionPointerForDelegate(main) };
        table[1] = default;
        if (!StartServiceCtrlDispatcher(table)) throw new Win32Exception();
        GC.KeepAlive(main);
        Marshal.FreeHGlobal(name);
        return service._exitCode;
    }

    private void Ready(Action stop)
    {
        _stop = stop;
        Report(Running, AcceptsStopAndShutdown);
    }

    private void Main(int argumentCount, nint arguments)
    {
        ControlHandler handler = Control;
        _status = RegisterServiceCtrlHandlerEx("kestrel-free", Marshal.GetFunctionPointerForDelegate(handler), 0);
        if (_status == 0) return;
        Report(StartPending, 0);
        try
        {
            _exitCode = _run(Ready);
        }
        finally
        {
            Report(Stopped, 0);
            GC.KeepAlive(handler);
        }
    }

    private int Control(int control, int eventType, nint eventData, nint context)
    {
        switch (control)
        {
            case ControlStop or ControlShutdown:
                Report(StopPending, 0);
                _stop?.Invoke();
                return 0;
            case ControlInterrogate:
                return 0;
            default:
                return NotImplemented;
        }
    }

    private void Report(int state, int accepts)
    {
        var status = new ServiceStatus
        {
            Type = OwnProcess,
            State = state,
            Accepts = accepts,
            ExitCode = state == Stopped && _exitCode != 0 ? SpecificError : 0,
            SpecificExitCode = _exitCode,
            CheckPoint = state is StartPending or StopPending ? 1 : 0,
            WaitHintMs = state is StartPending or StopPending ? PatienceMs : 0,
        };
        SetServiceStatus(_status, &status);
    }

    [UnmanagedFunctionPointer(CallingConvention.Winapi)]
    private delegate void ServiceMain(int argumentCount, nint arguments);

    [UnmanagedFunctionPointer(CallingConvention.Winapi)]
    private delegate int ControlHandler(int control, int eventType, nint eventData, nint context);

    [StructLayout(LayoutKind.Sequential)]
    private struct ServiceTableEntry
    {
        public nint Name;
        public nint Main;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ServiceStatus
    {
        public int Type;
        public int State;
        public int Accepts;
        public int ExitCode;
        public int SpecificExitCode;
        public int CheckPoint;
        public int WaitHintMs;
    }

    [LibraryImport("advapi32", EntryPoint = "StartServiceCtrlDispatcherW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool StartServiceCtrlDispatcher(ServiceTableEntry* table);

    [LibraryImport("advapi32", EntryPoint = "RegisterServiceCtrlHandlerExW", StringMarshalling = StringMarshalling.Utf16)]
    private static partial nint RegisterServiceCtrlHandlerEx(string name, nint handler, nint context);

    [LibraryImport("advapi32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetServiceStatus(nint handle, ServiceStatus* status);
}
