using KestrelFree.Tests.Oracle;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>The append-only file of the real executable: torn, turned on and off, and exchanged with redis-server.</summary>
public sealed class AppendOnlyTests
{
    private const string FolderName = "appendonlydir";

    private TempFolder _folder = null!;

    [SetUp]
    public void Prepare() => _folder = new TempFolder();

    [TearDown]
    public void Clean() => _folder.Dispose();

    [Test]
    public void A_torn_tail_is_cut_at_start()
    {
        using (var server = Start())
        {
            using var client = server.Connect();
            client.Ask("SET", "a", "1");
            client.Ask("SET", "b", "2");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        var path = PathOf("appendonly.aof.1.incr.aof");
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^3]);
        using var again = Start();
        using var reader = again.Connect();

        Assert.That(reader.AskPayload("GET", "a"), Is.EqualTo("1"));
        Assert.That(reader.Ask("EXISTS", "b"), Is.EqualTo(":0"));
        again.WaitForLog("!!! Warning: short read while loading the AOF file").WaitForLog($"at offset {whole.Length - 27}");
    }

    [Test]
    public void Garbage_in_the_middle_ends_the_start_and_leaves_the_file()
    {
        using (var server = Start())
        {
            using var client = server.Connect();
            client.Ask("SET", "a", "1");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        var path = PathOf("appendonly.aof.1.incr.aof");
        byte[] spoilt = [.. File.ReadAllBytes(path), .. "garbage"u8];
        File.WriteAllBytes(path, spoilt);
        using var failing = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{FreePort.Next()}", "--dir", _folder.Path, "--save", "", "--appendonly", "yes"],
        });

        Assert.That(failing.WaitForExit(), Is.EqualTo(1));
        Assert.That(failing.Log, Does.Contain("Bad file format reading the append only file").And.Contain($"offset {spoilt.Length - 7}"));
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(spoilt));
    }

    [Test]
    public void Turned_on_over_a_dump_the_dump_is_the_base()
    {
        using (var server = Start("--appendonly", "no"))
        {
            using var client = server.Connect();
            client.Ask("SET", "dumped", "1");
            client.Ask("SAVE");
        }

        using (var server = Start())
        {
            using var client = server.Connect();
            Assert.That(client.AskPayload("GET", "dumped"), Is.EqualTo("1"));
            client.Ask("SET", "appended", "2");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        File.Delete(Path.Combine(_folder.Path, "dump.rdb"));
        using var again = Start();
        using var reader = again.Connect();
        Assert.That(reader.Ask("EXISTS", "dumped", "appended"), Is.EqualTo(":2"));
    }

    [Test]
    public void The_single_file_of_older_versions_is_taken_in()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "appendonly.aof"), [.. RequestBytes.Of(["SELECT", "0"]), .. RequestBytes.Of(["SET", "old", "1"])]);
        for (var i = 0; i < 2; i++)
        {
            using var server = Start();
            using var client = server.Connect();
            Assert.That(client.AskPayload("GET", "old"), Is.EqualTo("1"));
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        Assert.That(File.Exists(Path.Combine(_folder.Path, "appendonly.aof")), Is.False);
        Assert.That(File.ReadAllLines(PathOf("appendonly.aof.manifest")), Is.EqualTo(new[] { "file appendonly.aof seq 1 type b", "file appendonly.aof.1.incr.aof seq 1 type i" }));
    }

    [Test]
    public void It_is_turned_on_and_off_while_the_server_runs()
    {
        using (var server = Start("--appendonly", "no"))
        {
            using var client = server.Connect();
            client.Ask("SET", "before", "1");
            Assert.That(client.Ask("CONFIG", "SET", "appendonly", "yes"), Is.EqualTo("+OK"));
            client.Ask("SET", "meanwhile", "1");
            WaitForRewrite(client);
            client.Ask("SET", "after", "1");
            Assert.That(client.Ask("DEBUG", "LOADAOF"), Is.EqualTo("+OK"));
            Assert.That(client.Ask("EXISTS", "before", "meanwhile", "after"), Is.EqualTo(":3"));
            Assert.That(client.Ask("CONFIG", "SET", "appendonly", "no"), Is.EqualTo("+OK"));
            client.Ask("SET", "unwritten", "1");
            Assert.That(client.AskPayload("INFO", "persistence"), Does.Contain("aof_enabled:0"));
        }

        using var again = Start();
        using var reader = again.Connect();
        Assert.That(reader.Ask("EXISTS", "before", "meanwhile", "after", "unwritten"), Is.EqualTo(":3"));
    }

    [Test]
    public void What_debug_loadaof_replays_is_not_written_again()
    {
        using var server = Start();
        using var client = server.Connect();
        string[] lines = ["XADD s * f v", "SADD t a b c", "SPOP t", "SETEX x 5000 v", "INCRBYFLOAT f 1.5", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"];
        foreach (var line in lines) client.AskLine(line);
        var path = PathOf("appendonly.aof.1.incr.aof");
        var before = new FileInfo(path).Length;

        Assert.That(client.Ask("DEBUG", "LOADAOF"), Is.EqualTo("+OK"));
        Assert.That(new FileInfo(path).Length, Is.EqualTo(before));
        client.AskLine("SET after 1");
        Assert.That(new FileInfo(path).Length, Is.EqualTo(before + RequestBytes.Of("SET", "after", "1").Length));
    }

    [Test]
    public void A_rewrite_makes_one_base_of_all_and_deletes_the_rest()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Ask("SET", "a", "1");
        Assert.That(client.Ask("BGREWRITEAOF"), Is.EqualTo("+Background append only file rewriting started"));
        WaitForRewrite(client);
        client.Ask("INCR", "a");

        Assert.That(
            Directory.GetFiles(Path.Combine(_folder.Path, FolderName)).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest" }));
        Assert.That(client.Ask("DEBUG", "LOADAOF"), Is.EqualTo("+OK"));
        Assert.That(client.AskPayload("GET", "a"), Is.EqualTo("2"));
    }

    [TestCase("yes")]
    [TestCase("no")]
    public void Redis_loads_our_folder_and_we_load_its_own(string preamble)
    {
        var ours = Fill(KestrelFreeProcess.Executable, "1", preamble);
        var theirs = Fill(RedisProcess.Executable, "2", preamble);
        Assert.That(theirs.Before, Is.EqualTo(ours.After), "redis-server loads our folder");

        var back = Fill(KestrelFreeProcess.Executable, "3", preamble);
        Assert.That(back.Before, Is.EqualTo(theirs.After), "we load redis-server's folder");
    }

    // Starts a server on the folder, writes values of every type before and behind a rewrite, and kills it. The digests are those at the start
    // and at the end.
    private (string Before, string After) Fill(string executable, string suffix, string preamble)
    {
        using var server = ServerProcess.Start(executable, "--dir", _folder.Path, "--appendonly", "yes", "--appendfsync", "no", "--aof-use-rdb-preamble", preamble, "--enable-debug-command", "yes");
        using var client = server.Connect();
        var before = client.AskPayload("DEBUG", "DIGEST");
        Write(client, $"a{suffix}");
        client.Ask("BGREWRITEAOF");
        WaitForRewrite(client);
        Write(client, $"b{suffix}");
        var after = client.AskPayload("DEBUG", "DIGEST");
        server.Signal(PosixSignal.Kill);
        server.WaitForExit();
        return (before, after);
    }

    private static void Write(RawConnection client, string prefix)
    {
        string[] lines =
        [
            "SET {0}:s text", "SET {0}:n 12", "INCRBYFLOAT {0}:f 1.5", "SETEX {0}:x 5000 v", "APPEND {0}:s more", "RPUSH {0}:l 1 two 3", "LPOP {0}:l", "SADD {0}:i 1 2 3", "SPOP {0}:i",
            "SADD {0}:t a b c", "ZADD {0}:z 1 a 2.5 b", "ZINCRBY {0}:z 1 a", "HSET {0}:h a 1 b 2", "HINCRBYFLOAT {0}:h a 0.5", "XADD {0}:st * f v", "XADD {0}:st MAXLEN ~ 10 * f w",
            "XGROUP CREATE {0}:st g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS {0}:st >", "PFADD {0}:p a b c", "SETBIT {0}:b 100 1", "SELECT 3", "SET {0}:other 1", "SELECT 0", "SET {0}:gone 1 PX 1",
        ];
        foreach (var line in lines) Assert.That(client.AskLine(string.Format(null, line, prefix)), Does.Not.StartWith("-"), line);
        for (var i = 0; i < 300; i++) client.Ask("HSET", $"{prefix}:large", $"field{i}", $"value{i}");
        Eventually.True(() => client.Ask("EXISTS", $"{prefix}:gone") == ":0", () => "a key does not expire");
    }

    private static void WaitForRewrite(RawConnection client) => Eventually.True(
        () => client.AskPayload("INFO", "persistence") is var info && info.Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal) && info.Contains("aof_rewrite_scheduled:0", StringComparison.Ordinal),
        () => client.AskPayload("INFO", "persistence"));

    // Under everysec a write may wait for a sync that is in flight, and be lost when the server is killed.
    private ServerProcess Start(params string[] arguments) =>
        KestrelFreeProcess.Start(["--dir", _folder.Path, "--appendonly", "yes", "--appendfsync", "no", "--enable-debug-command", "yes", .. arguments]);

    private string PathOf(string name) => Path.Combine(_folder.Path, FolderName, name);
}
