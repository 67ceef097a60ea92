using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>What the real executable does while it loads, and with files that it cannot load.</summary>
internal sealed class LoadTests
{
    private TempFolder _folder = null!;

    private string DumpFile => _folder.File("dump.rdb");

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void While_it_loads_it_answers_and_tells_how_far_it_is()
    {
        Save(20_000);
        using var server = Launch("--enable-protected-configs", "yes", "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024");
        server.WaitForLog("Loading RDB produced by version");
        using var client = server.Connect();

        Assert.That(client.Ask("GET", "key:1"), Is.EqualTo("-LOADING Redis is loading the dataset in memory"));
        Assert.That(client.Ask("PING"), Does.StartWith("-LOADING "));
        Assert.That(client.InfoNumber("loading"), Is.EqualTo(1));
        Assert.That(client.InfoNumber("loading_total_bytes"), Is.EqualTo(new FileInfo(DumpFile).Length));
        var loaded = client.InfoNumber("loading_loaded_bytes");
        Eventually.True(() => client.InfoNumber("loading_loaded_bytes") > loaded, () => "it does not go on");
        Assert.That(client.Ask("CONFIG", "SET", "dir", "/"), Does.StartWith("-LOADING "));
        Assert.That(client.Ask("MULTI"), Is.EqualTo("+OK"));
        Assert.That(client.Ask("GET", "key:1"), Does.StartWith("-LOADING "));
        Assert.That(client.Ask("EXEC"), Does.StartWith("-EXECABORT "));
        client.SendRequest("SHUTDOWN", "SAVE");

        Assert.That(server.WaitForExit(), Is.Zero);
        Assert.That(server.Log, Does.Not.Contain("Saving the final RDB snapshot"));
    }

    [Test]
    public void After_loading_commands_are_served()
    {
        Save(3000);
        using var server = Launch().WaitReady();
        using var client = server.Connect();

        Assert.That(client.Ask("DBSIZE"), Is.EqualTo(":3000"));
        Assert.That(client.InfoNumber("loading"), Is.Zero);
    }

    [Test]
    public void A_damaged_file_is_refused_with_the_offset_and_left_alone([Values("cut", "flipped", "alien")] string damage)
    {
        Save(1000);
        var bytes = File.ReadAllBytes(DumpFile);
        if (damage == "cut") bytes = bytes[..^100];
        else if (damage == "flipped") bytes[bytes.Length / 2] ^= 0x10;
        else bytes = "PK this is an archive"u8.ToArray();
        File.WriteAllBytes(DumpFile, bytes);

        using var server = Launch();

        Assert.That(server.WaitForExit(), Is.EqualTo(1), server.Log);
        Assert.That(server.Log, Does.Match(@"corrupt at offset \d+, reading ").And.Contain("Fatal error loading the DB, check server logs. Exiting."));
        Assert.That(File.ReadAllBytes(DumpFile), Is.EqualTo(bytes));
    }

    [Test]
    public void A_wrong_checksum_is_named_unless_checksums_are_off()
    {
        Save(10);
        var bytes = File.ReadAllBytes(DumpFile);
        bytes[^1] ^= 1;
        File.WriteAllBytes(DumpFile, bytes);

        using (var server = Launch())
        {
            Assert.That(server.WaitForExit(), Is.EqualTo(1));
            Assert.That(server.Log, Does.Contain("CRC error"));
        }

        using var tolerant = Launch("--rdbchecksum", "no").WaitReady();
        using var client = tolerant.Connect();
        Assert.That(client.Ask("DBSIZE"), Is.EqualTo(":10"));
    }

    [Test]
    public void Keys_past_their_time_are_left_out()
    {
        using (var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", _folder.Path))
        {
            using var client = server.Connect();
            client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
            client.Ask("SET", "stays", "v");
            client.Ask("SET", "goes", "v", "PX", "1");
            client.Ask("SAVE");
        }

        using var second = Launch().WaitReady();
        using var reader = second.Connect();
        Assert.That(reader.Ask("DBSIZE"), Is.EqualTo(":1"));
        second.WaitForLog("keys loaded: 1, keys expired: 1");
    }

    [TestCase("DEBUG RELOAD", 103)]
    [TestCase("DEBUG RELOAD NOSAVE", 102)]
    [TestCase("DEBUG RELOAD NOSAVE NOFLUSH MERGE", 103)]
    public void Debug_reload_loads_what_is_on_disk(string line, int keys)
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", _folder.Path);
        using var client = server.Connect();
        client.Ask("DEBUG", "POPULATE", "100");
        client.Ask("HSET", "hash", "f", "v");
        client.Ask("SADD", "set", "m");
        client.Ask("SAVE");
        client.Ask("SET", "later", "x");

        Assert.That(client.Ask(line.Split(' ')), Is.EqualTo("+OK"));

        Assert.That(client.Ask("DBSIZE"), Is.EqualTo($":{keys}"));
        Assert.That(client.Ask("HGET", "hash", "f"), Is.EqualTo("$\"v\""));
    }

    [Test]
    public void Debug_reload_of_much_is_as_loading_at_start_for_others()
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", _folder.Path, "--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024");
        using var client = server.Connect();
        using var other = server.Connect();
        client.Ask("DEBUG", "POPULATE", "2000");
        var digest = client.Ask("DEBUG", "DIGEST");

        client.SendRequest("DEBUG", "RELOAD");
        Eventually.True(() => other.Ask("GET", "key:1").StartsWith("-LOADING ", StringComparison.Ordinal), () => "nobody is told");

        Assert.That(client.ReadText(), Is.EqualTo("+OK"));
        Assert.That(other.Ask("GET", "key:1"), Is.EqualTo("$\"value:1\""));
        Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest));
        client.Ask("MULTI");
        client.Ask("DEBUG", "RELOAD");
        client.Ask("DBSIZE");
        Assert.That(client.Ask("EXEC"), Is.EqualTo("*2\n  +OK\n  :2000"));
    }

    [TestCase("DEBUG RELOAD junk", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")]
    [TestCase("DEBUG RELOAD NOSAVE", "-ERR Error trying to load the RDB dump, check server logs. Fatal error: can't read ")]
    public void Debug_reload_says_what_is_wrong(string line, string error)
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", _folder.Path);
        using var client = server.Connect();

        Assert.That(client.Ask(line.Split(' ')), Does.StartWith(error));
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    private void Save(int keys)
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", _folder.Path);
        using var client = server.Connect();
        client.Ask("DEBUG", "POPULATE", $"{keys}");
        Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
    }

    private ServerProcess Launch(params string[] arguments)
    {
        var port = FreePort.Next();
        return ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes", "--dir", _folder.Path, .. arguments],
            Port = port,
        });
    }
}
