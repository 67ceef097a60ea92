using NUnit.Framework;

namespace KestrelFree.Tests.Support;

/// <summary>A fixture whose tests share a server in this process, with these directives, and a client of it.</summary>
internal abstract class SharedServerFixture(params (string Name, string Value)[] directives)
{
    private InProcessServer? _server;
    private RawConnection? _client;

    /// <summary>The server of all tests.</summary>
    protected InProcessServer Server => _server!;

    /// <summary>A client that is connected to it.</summary>
    protected RawConnection Client => _client!;

    [OneTimeSetUp]
    public void StartServer()
    {
        _server = new InProcessServer(directives);
        _client = _server.Connect();
    }

    [OneTimeTearDown]
    public void StopServer()
    {
        _client?.Dispose();
        _server?.Dispose();
    }
}
