using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>What is shipped beside the executable: the container's entry point and the unit of systemd.</summary>
internal sealed class DeploymentTests
{
    private static readonly string EntryPoint = Repository.PathTo("Server", "Deployment", "entrypoint.sh");

    [TestCase("redis-cli", "command without arguments")]
    [TestCase("redis-server", "--protected-mode no")]
    [TestCase("redis-server --appendonly yes", "--appendonly yes --protected-mode no")]
    [TestCase("--maxmemory 1gb", "--maxmemory 1gb --protected-mode no")]
    [TestCase("--protected-mode yes", "--protected-mode yes")]
    [TestCase("silent.conf --port 7000", "silent.conf --port 7000 --protected-mode no")]
    [TestCase("strict.conf", "strict.conf")]
    [TestCase("echo other", "other")]
    public void The_entry_point_takes_what_the_image_of_redis_takes(string command, string expected)
    {
        using var folder = new TempFolder();
        Prepare(folder);

        var result = CommandLine.Run(
            Requirement.Program("sh"), "-c", $"cd {folder.Path} && PATH={folder.Path}/bin:$PATH && umask 0022 && exec sh {EntryPoint} {command}");

        Assert.That(result.Output.Trim(), Is.EqualTo(expected), $"exit code {result.ExitCode}");
    }

    [Test]
    public void The_entry_point_runs_the_server_as_nobody_else_and_hides_its_files()
    {
        using var folder = new TempFolder();
        Prepare(folder);
        File.WriteAllText(folder.File("bin/redis-server"), "#!/bin/sh\numask\n");

        var result = CommandLine.Run(Requirement.Program("sh"), "-c", $"cd {folder.Path} && PATH={folder.Path}/bin:$PATH && umask 0022 && exec sh {EntryPoint} redis-server");

        Assert.That(result.Output.Trim(), Is.EqualTo("0077"));
        var dropsRoot = Environment.UserName == "root";
        Assert.That(File.Exists(folder.File("dropped")), Is.EqualTo(dropsRoot));
        if (dropsRoot) Assert.That(File.ReadAllText(folder.File("dropped")).Trim(), Is.EqualTo("--reuid=redis --regid=redis --clear-groups"));
    }

    [Test]
    public void The_unit_of_systemd_starts_a_server_that_says_when_it_is_ready()
    {
        var unit = File.ReadAllLines(Repository.PathTo("Server", "Deployment", "kestrel-free.service"));
        var command = unit.Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal)).Split(' ');
        using var folder = new TempFolder();
        using var socket = new NotifySocket(folder.File("notify"));
        var port = FreePort.Next();
        var configuration = folder.Write("redis.conf", $"port {port}\nbind 127.0.0.1\n");
        string[] arguments = [.. command[1..].Select(word => word switch
        {
            "/etc/kestrel-free/redis.conf" => configuration,
            "/var/lib/kestrel-free" => folder.Path,
            "\"\"" => "",
            _ => word,
        })];

        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = arguments,
            Port = port,
            Environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = socket.Path },
        });

        Assert.That(unit, Does.Contain("Type=notify"));
        Assert.That(socket.ReadUntil("READY=1"), Does.Contain("STATUS=Ready to accept connections"));
        using var client = server.Connect();
        Assert.That(client.AskPayload("INFO", "server"), Does.Contain("process_supervised:systemd"));
    }

    // In place of the programs that need root or a container; they tell what they were given.
    private static void Prepare(TempFolder folder)
    {
        Directory.CreateDirectory(folder.File("bin"));
        Program("redis-server", "echo \"$@\"");
        Program("redis-cli", "echo command without arguments");
        Program("find", "true");
        Program("chown", "true");
        Program("setpriv", $"echo \"$1 $2 $3\" > {folder.File("dropped")}; shift 4; exec \"$@\"");
        folder.Write("silent.conf", "port 1\n");
        folder.Write("strict.conf", "  protected-mode yes\n");

        void Program(string name, string body)
        {
            var path = folder.Write($"bin/{name}", $"#!/bin/sh\n{body}\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
