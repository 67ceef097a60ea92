using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

/// <summary>What memory there is, by what the system's files say.</summary>
internal sealed class MachineMemoryTests
{
    private const long Mb = 1 << 20;
    private TempFolder _root = null!;

    [SetUp]
    public void Make_a_system()
    {
        _root = new TempFolder();
        Write("proc/meminfo", "MemTotal:        2097152 kB\nMemFree:           10 kB\n");
    }

    [TearDown]
    public void Delete_it() => _root.Dispose();

    [Test]
    public void Without_a_cgroup_all_of_the_machine_is_available()
    {
        var memory = MachineMemory.Read(_root.Path);
        Assert.That((memory.TotalBytes, memory.CgroupLimitBytes, memory.AvailableBytes), Is.EqualTo((2048 * Mb, 0L, 2048 * Mb)));
    }

    [Test]
    public void The_lowest_limit_of_a_cgroup_and_those_above_it_holds()
    {
        Write("proc/self/cgroup", "0::/outer/inner\n");
        Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
        Write("sys/fs/cgroup/outer/memory.max", $"{512 * Mb}\n");
        Write("sys/fs/cgroup/memory.max", $"{1024 * Mb}\n");
        var memory = MachineMemory.Read(_root.Path);

        Assert.That((memory.CgroupLimitBytes, memory.AvailableBytes), Is.EqualTo((512 * Mb, 512 * Mb)));
        Assert.That(memory.CgroupFile, Does.EndWith("sys/fs/cgroup/outer/memory.max"));
    }

    [Test]
    public void In_a_container_the_limit_lies_at_the_root_of_the_mount()
    {
        Write("proc/self/cgroup", "0::/docker/0123abcd\n");
        Write("sys/fs/cgroup/memory.max", $"{256 * Mb}\n");
        Assert.That(MachineMemory.Read(_root.Path).AvailableBytes, Is.EqualTo(256 * Mb));
    }

    [Test]
    public void Version_1_is_asked_for_its_memory_group()
    {
        Write("proc/self/cgroup", "9:cpu,cpuacct:/a\n4:memory:/group\n0::/\n");
        Write("sys/fs/cgroup/memory/group/memory.limit_in_bytes", $"{128 * Mb}\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.That(MachineMemory.Read(_root.Path).AvailableBytes, Is.EqualTo(128 * Mb));
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.File(path))!);
        _root.Write(path, text);
    }
}
