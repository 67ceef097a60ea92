using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>
/// A disk that is full: commands that write are refused with the path and the reason until there is room, and nothing that was acknowledged is
/// lost.
/// </summary>
internal sealed class FullDiskTests
{
    private const int DiskBytes = 4 << 20;
    private const int FillerBytes = 3 << 20;

    private TempFolder _folder = null!;
    private bool _isMounted;

    [SetUp]
    public void MountDisk()
    {
        _folder = new TempFolder();
        _isMounted = Requirement.FindOnPath("mount") is { } mount && CommandLine.Run(mount, "-t", "tmpfs", "-o", $"size={DiskBytes}", "tmpfs", _folder.Path).ExitCode == 0;
        if (!_isMounted) Assert.Ignore("A small tmpfs cannot be mounted here; it takes root, outside of a container that forbids it.");
        File.WriteAllBytes(_folder.File("filler"), new byte[FillerBytes]);
    }

    [TearDown]
    public void UnmountDisk()
    {
        if (_isMounted) CommandLine.Run(Requirement.Program("umount"), "-l", _folder.Path);
        _folder.Dispose();
    }

    [TestCase("everysec")]
    [TestCase("no")]
    public void For_the_append_only_file(string policy)
    {
        string[] arguments = ["--dir", _folder.Path, "--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0"];
        var written = 0;
        using (var server = KestrelFreeProcess.Start(arguments))
        {
            using var client = server.Connect();
            var error = WriteUntilRefused(client, ref written);
            Assert.That(error, Does.Match($@"^-MISCONF Errors writing to the AOF file: No space left on device.*{_folder.Path}/appendonlydir/.*errno 28"));
            Assert.That(client.Ask("LLEN", "log"), Is.EqualTo($":{written}"), "reads are served");
            Assert.That(client.InfoField("aof_last_write_status"), Is.EqualTo("err"));

            File.Delete(_folder.File("filler"));
            Eventually.True(() => client.Ask("RPUSH", "log", "again") == $":{written + 1}", () => "writes are still refused");
            written++;
            Assert.That(client.InfoField("aof_last_write_status"), Is.EqualTo("ok"));
            Eventually.True(() => client.InfoNumber("aof_pending_bio_fsync") == 0 && client.InfoNumber("aof_buffer_length") == 0, () => "not all is written");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        using var again = KestrelFreeProcess.Start(arguments);
        using var reader = again.Connect();
        Assert.That(reader.Ask("LLEN", "log"), Is.EqualTo($":{written}"));
    }

    [Test]
    public void Under_always_the_server_ends_and_has_all_that_it_acknowledged()
    {
        string[] arguments = ["--dir", _folder.Path, "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"];
        var written = 0;
        using (var server = KestrelFreeProcess.Start(arguments))
        {
            using var client = server.Connect();
            Assert.That(() => WriteUntilRefused(client, ref written), Throws.InstanceOf<IOException>().Or.InstanceOf<System.Net.Sockets.SocketException>());
            Assert.That(server.WaitForExit(), Is.EqualTo(1));
            Assert.That(server.Log, Does.Contain("No space left on device").And.Contain("'always'"));
        }

        File.Delete(_folder.File("filler"));
        using var again = KestrelFreeProcess.Start(arguments);
        using var reader = again.Connect();
        Assert.That(reader.Ask("LLEN", "log"), Is.EqualTo($":{written}"));
    }

    [Test]
    public void For_a_dump_file()
    {
        using var server = KestrelFreeProcess.Start("--dir", _folder.Path, "--save", "3600 1000000", "--rdbcompression", "no");
        using var client = server.Connect();
        client.Ask("SETRANGE", "large", "2000000", "x");

        client.Ask("BGSAVE");
        server.WaitForLog("Background saving error");
        Assert.That(client.Ask("SET", "a", "1"), Does.Match($@"^-MISCONF .*{_folder.Path}/temp-.*No space left on device, \d+ bytes are free \(errno 28\)"));
        Assert.That(Directory.GetFiles(_folder.Path, "*.rdb"), Is.Empty);

        File.Delete(_folder.File("filler"));
        Assert.That(client.Ask("BGSAVE"), Is.EqualTo("+Background saving started"));
        Eventually.True(() => client.Ask("SET", "a", "1") == "+OK", () => "writes are still refused");
        Assert.That(File.Exists(_folder.File("dump.rdb")));
    }

    // Each request is acknowledged before the next is sent, so the last one is that which found the disk full.
    private static string WriteUntilRefused(RawConnection client, ref int written)
    {
        var value = new string('x', 10_000);
        while (true)
        {
            var reply = client.Ask("RPUSH", "log", value);
            if (reply[0] == '-') return reply;
            written++;
        }
    }
}
