using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Redis's own tools against the executable, on either event back end.</summary>
[TestFixture("select")]
[TestFixture("epoll")]
internal sealed class ToolTests(string backend)
{
    private ServerProcess _server = null!;

    [OneTimeSetUp]
    public void StartServer() => _server = KestrelFreeProcess.StartOn(backend);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [Test]
    public void Redis_cli_sets_and_gets()
    {
        Assert.That(Cli("set", "greeting", "hello world"), Is.EqualTo("OK\n"));
        Assert.That(Cli("get", "greeting"), Is.EqualTo("hello world\n"));
        Assert.That(Cli("incr", "counter"), Is.EqualTo("1\n"));
        Assert.That(Cli("mget", "greeting", "nosuch"), Is.EqualTo("hello world\n\n"));
        Assert.That(Cli("nosuch"), Does.Contain("ERR unknown command 'nosuch'"));
    }

    [Test]
    public void Redis_cli_speaks_resp3()
    {
        Assert.That(Cli("-3", "ping"), Is.EqualTo("PONG\n"));
        Assert.That(Cli("-3", "config", "get", "maxmemory"), Does.Contain("maxmemory").And.Contain("0"));
    }

    [Test]
    public void Redis_cli_shows_info() => Assert.That(Cli("info", "server"), Does.Contain("redis_version:").And.Contain("tcp_port:" + _server.Port));

    [Test]
    public void Redis_cli_reads_commands_from_standard_input()
    {
        var result = CommandLine.RunWithInput(Requirement.Program("redis-cli"), "set typed 1\nincr typed\nget typed\n", "-p", $"{_server.Port}");

        Assert.That(result.Output, Is.EqualTo("OK\n2\n2\n"));
    }

    [Test]
    public void Redis_cli_pipes_a_load_of_requests()
    {
        var load = string.Concat(Enumerable.Range(0, 5000).Select(number => ByteText.Text(RequestBytes.Of("SET", $"piped:{number}", $"{number}"))));

        var result = CommandLine.RunWithInput(Requirement.Program("redis-cli"), load, "-p", $"{_server.Port}", "--pipe");

        Assert.That(result.Output, Does.Contain("errors: 0, replies: 5000"));
    }

    [TestCase("1", "50")]
    [TestCase("16", "50")]
    [TestCase("64", "4")]
    public void Redis_benchmark_runs_to_its_end(string pipeline, string clients)
    {
        var result = CommandLine.Run(
            Requirement.Program("redis-benchmark"), "-p", $"{_server.Port}", "-t", "ping,set,get,incr,mset", "-n", "5000", "-c", clients, "-P", pipeline, "-r", "1000", "--csv");

        Assert.That(result.ExitCode, Is.Zero, result.Output);
        Assert.That(result.Output.Split('\n').Where(line => line.StartsWith("\"SET\"", StringComparison.Ordinal) || line.StartsWith("\"MSET", StringComparison.Ordinal)).ToArray(), Has.Length.EqualTo(2), result.Output);
        Assert.That(result.Output, Does.Not.Contain("WARN"));
    }

    private string Cli(params string[] arguments) => CommandLine.Run(Requirement.Program("redis-cli"), ["-p", $"{_server.Port}", .. arguments]).Output;
}
