using NUnit.Framework;

namespace KestrelFree.Tests.Support;

/// <summary>A fixture each of whose tests has a server in this process, with these directives, and a client of it.</summary>
internal abstract class InProcessFixture(params (string Name, string Value)[] directives)
{
    private InProcessServer? _server;
    private RawConnection? _client;

    /// <summary>The test's server.</summary>
    protected InProcessServer Server => _server!;

    /// <summary>A client that is connected to it.</summary>
    protected RawConnection Client => _client!;

    /// <summary>How many clients wait in a command.</summary>
    protected int BlockedNow() => Server.OnLoop(() => Server.Server.Blocked.Count);

    [SetUp]
    public void StartServer()
    {
        _server = new InProcessServer(directives);
        _client = _server.Connect();
    }

    [TearDown]
    public void StopServer()
    {
        _client?.Dispose();
        _server?.Dispose();
    }
}
