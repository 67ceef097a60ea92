using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Where the threads of the real executable may run, as the kernel says.</summary>
[Platform("Linux")]
internal sealed class ProcessorAffinityTests
{
    private const string SnapshotThread = "snapshot";
    private const string SyncThread = "aof sync";

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TempFolder();
        if (Environment.ProcessorCount < 2) Assert.Ignore("It takes two processors to tell them apart.");
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Each_kind_of_work_runs_on_the_processors_of_its_list()
    {
        using var server = Start("--server_cpulist", "0", "--bio_cpulist", "1", "--bgsave_cpulist", "1", "--appendonly", "yes");
        using var client = server.Connect();

        Eventually.True(() => Allowed(server, SyncThread) is ["1"], () => "the thread that syncs is not bound");
        Assert.That(AllowedToOthers(server), Is.All.EqualTo("0"));
        client.Ask("BGSAVE");
        Eventually.True(() => client.InfoNumber("rdb_bgsave_in_progress") == 0, () => server.Log);
        Assert.That(Allowed(server, SnapshotThread), Has.Member("1"));
        client.Ask("BGREWRITEAOF");
        Eventually.True(() => client.InfoNumber("aof_rewrite_in_progress") == 0, () => server.Log);
        Assert.That(Allowed(server, SnapshotThread), Is.All.EqualTo("0"));
    }

    [TestCase("nonsense", "'nonsense' is no list of processors such as 0-3,8-14:2: threads stay where they are.")]
    [TestCase("1000-1001", "Threads cannot be bound to the processors 1000-1001: Invalid argument")]
    public void A_list_that_cannot_be_followed_is_told_of(string list, string warning)
    {
        using var server = Start("--server_cpulist", list);

        Assert.That(server.Log, Does.Contain(warning));
    }

    private ServerProcess Start(params string[] options) => KestrelFreeProcess.Start(["--dir", _folder.Path, .. options]);

    private static string[] Allowed(ServerProcess server, string thread) => [.. Threads(server).Where(found => found.Name == thread).Select(found => found.Processors)];

    private static string[] AllowedToOthers(ServerProcess server) => [.. Threads(server).Where(found => found.Name is not (SyncThread or SnapshotThread)).Select(found => found.Processors)];

    private static IEnumerable<(string Name, string Processors)> Threads(ServerProcess server) =>
        from folder in Directory.GetDirectories($"/proc/{server.Pid}/task")
        let status = Path.Combine(folder, "status")
        where File.Exists(status)
        let lines = File.ReadAllLines(status)
        select (Field(lines, "Name:"), Field(lines, "Cpus_allowed_list:"));

    private static string Field(string[] lines, string name) => lines.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
}
