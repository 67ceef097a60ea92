using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Clients;

// Clients of other languages run as scripts of this folder: each takes the port, exercises the server with the client's
// own calls, prints "ok", and fails with what it expected otherwise. Those about messages take a password too, so that every connection of
// theirs begins with the client's way to authenticate and, in RESP3, to change the protocol.
//
// redis-py is Debian's python3-redis, so it is there in CI. The Node clients come from npm and are optional: `npm install
// ioredis redis` in any folder, and NODE_PATH=<folder>/node_modules.

/// <summary>redis-py, ioredis and node-redis against the executable.</summary>
internal sealed class ScriptedClientTests
{
    private static readonly string[] Password = ["secret word"];

    [Test]
    public void Redis_py_finds_a_redis()
    {
        var python = Requirement.FirstProgram("/usr/bin/python3", "python3");
        if (CommandLine.Run(python, "-c", "import redis").ExitCode != 0)
            throw Requirement.Missing("python3-redis is not installed.");

        AssertPasses(python, "redis_py.py", []);
    }

    [Test]
    public void Redis_py_watches_and_is_told()
    {
        var python = Requirement.FirstProgram("/usr/bin/python3", "python3");
        if (CommandLine.Run(python, "-c", "import redis").ExitCode != 0)
            throw Requirement.Missing("python3-redis is not installed.");

        AssertPasses(python, "redis_py_watching.py", Password);
    }

    [TestCase("ioredis", "ioredis_client.js")]
    [TestCase("redis", "node_redis_client.js")]
    public void A_node_client_finds_a_redis(string package, string script) => AssertNodePasses(package, script, []);

    [TestCase("ioredis", "ioredis_watching.js")]
    [TestCase("redis", "node_redis_watching.js")]
    public void A_node_client_watches_and_is_told(string package, string script) => AssertNodePasses(package, script, Password);

    private static void AssertNodePasses(string package, string script, string[] password)
    {
        if (Requirement.FindOnPath("node") is not { } node || CommandLine.Run(node, "-e", $"require('{package}')").ExitCode != 0)
        {
            Assert.Ignore($"the npm package {package} is not installed");
            return;
        }

        AssertPasses(node, script, password);
    }

    private static void AssertPasses(string program, string script, string[] password)
    {
        using var server = password.Length == 0 ? KestrelFreeProcess.Start() : KestrelFreeProcess.Start(["--requirepass", .. password]);

        var result = CommandLine.Run(program, [Repository.PathTo("Tests", "Clients", script), $"{server.Port}", .. password]);

        Assert.That(result.ExitCode, Is.Zero, $"{result.Output}\n{server.Log}");
        Assert.That(result.Output.TrimEnd(), Does.EndWith("ok"));
    }
}
