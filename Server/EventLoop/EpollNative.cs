using System.Runtime.InteropServices;

namespace KestrelFree.Server.Loop;

/// <summary>The three epoll calls and the layout of their event; Linux only. Unsafe because the kernel fills a caller's array.</summary>
internal static unsafe partial class EpollNative
{
    internal const int CloseOnExec = 0x80000;
    internal const int Add = 1;
    internal const int Delete = 2;
    internal const int Modify = 3;
    internal const uint In = 0x001;
    internal const uint Out = 0x004;
    internal const uint Error = 0x008;
    internal const uint HangUp = 0x010;
    internal const int ErrnoInterrupted = 4;

    /// <summary>Bytes of a struct epoll_event: packed on x86, naturally aligned elsewhere; its 8 bytes of user data come last.</summary>
    internal static readonly int EventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int Control(int epoll, int operation, int descriptor, byte* epollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int Wait(int epoll, byte* events, int capacity, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);
}
