using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>
/// Whatever is written while saves and rewrites run: a file holds exactly what was there when its save began, and what is reloaded is what was
/// saved.
/// </summary>
internal sealed class SavePropertyTests
{
    private const int Saves = 6;
    private const int RoundsPerSave = 5;
    private const int WritesPerRound = 80;

    [Test]
    public void A_file_holds_the_data_of_the_moment_its_save_began()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var folder = new TempFolder();
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--dir", folder.Path, "--rdb-key-save-delay", "300");
        using var client = server.Connect();
        client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        var digestOf = new Dictionary<string, string>();
        WriteMuch(client, random);
        for (var save = 0; save < Saves; save++)
        {
            var digest = client.Ask("DEBUG", "DIGEST");
            Assert.That(client.Ask("BGSAVE"), Is.EqualTo("+Background saving started"), $"seed {seed}");
            for (var round = 0; round < RoundsPerSave; round++)
            {
                // Another fork beside that of the save.
                if (random.Next(3) == 0) client.Ask("DEBUG", "SNAPSHOT");
                WriteMuch(client, random);
            }

            Eventually.True(() => client.InfoNumber("rdb_bgsave_in_progress") == 0, () => "the save goes on");
            File.Copy(folder.File("dump.rdb"), folder.File($"kept-{save}.rdb"));
            digestOf[$"kept-{save}.rdb"] = digest;
        }

        client.Ask("CONFIG", "SET", "rdb-key-save-delay", "0");
        var last = client.Ask("DEBUG", "DIGEST");
        Assert.That(client.Ask("DEBUG", "RELOAD"), Is.EqualTo("+OK"), $"seed {seed}");
        Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(last), $"seed {seed}: reloaded");
        foreach (var (file, expected) in digestOf)
        {
            File.Copy(folder.File(file), folder.File("dump.rdb"), overwrite: true);
            Assert.That(client.Ask("DEBUG", "RELOAD", "NOSAVE"), Is.EqualTo("+OK"), $"seed {seed}: {file}");
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(expected), $"seed {seed}: {file}");
        }
    }

    [TestCase("yes")]
    [TestCase("no")]
    public void An_append_only_file_rewritten_under_load_holds_what_is_in_memory(string preamble)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var folder = new TempFolder();
        string[] arguments =
        [
            "--enable-debug-command", "yes", "--dir", folder.Path, "--rdb-key-save-delay", "300", "--appendonly", "yes", "--appendfsync", "no", "--aof-use-rdb-preamble", preamble,
            "--propagation-error-behavior", "panic",
        ];
        string digest;
        using (var server = KestrelFreeProcess.Start(arguments))
        {
            using var client = server.Connect();
            client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
            for (var rewrite = 0; rewrite < Saves / 2; rewrite++)
            {
                WriteMuch(client, random);
                Assert.That(client.Ask("BGREWRITEAOF"), Does.StartWith("+Background append only file rewriting"), $"seed {seed}");
                for (var round = 0; round < RoundsPerSave; round++)
                {
                    // Another fork beside that of the rewrite.
                    if (random.Next(3) == 0) client.Ask("DEBUG", "SNAPSHOT");
                    WriteMuch(client, random);
                }

                Eventually.True(() => client.InfoNumber("aof_rewrite_in_progress") == 0, () => "the rewrite goes on");
                digest = client.Ask("DEBUG", "DIGEST");
                Assert.That(client.Ask("DEBUG", "LOADAOF"), Is.EqualTo("+OK"), $"seed {seed}");
                Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest), $"seed {seed}: loaded while it ran");
            }

            WriteMuch(client, random);
            digest = client.Ask("DEBUG", "DIGEST");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        using var again = KestrelFreeProcess.Start(arguments);
        using var reader = again.Connect();
        Assert.That(reader.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest), $"seed {seed}: started anew");
    }

    private static void WriteMuch(RawConnection client, Random random)
    {
        for (var i = 0; i < WritesPerRound; i++)
            client.SendRequest(Write(random));
        for (var i = 0; i < WritesPerRound; i++)
            client.ReadReply();
    }

    private static string[] Write(Random random)
    {
        var key = $"{random.Next(12)}";
        var element = random.Next(3) == 0 ? $"{random.Next(1000)}" : new string((char)('a' + random.Next(26)), random.Next(1, 90));
        return random.Next(24) switch
        {
            0 => ["SET", $"string:{key}", element],
            1 => ["APPEND", $"string:{key}", element],
            2 => ["INCRBY", $"counter:{key}", "7"],
            3 or 4 => ["RPUSH", $"list:{key}", element, element + "x", "5"],
            5 => ["LPOP", $"list:{key}"],
            6 => ["LINSERT", $"list:{key}", "BEFORE", "5", element],
            7 or 8 => ["SADD", $"set:{key}", element, $"{random.Next(100)}"],
            9 => ["SPOP", $"set:{key}"],
            10 or 11 => ["ZADD", $"zset:{key}", $"{random.Next(100) / 4.0}", element],
            12 => ["ZPOPMIN", $"zset:{key}"],
            13 or 14 => ["HSET", $"hash:{key}", element, element],
            15 => ["HDEL", $"hash:{key}", $"{random.Next(1000)}"],
            16 => ["HPEXPIREAT", $"hash:{key}", $"{33_177_117_420_000 + random.Next(1000)}", "FIELDS", "1", $"{random.Next(1000)}"],
            17 or 18 => ["XADD", $"stream:{key}", "*", element, element],
            19 => ["XTRIM", $"stream:{key}", "MAXLEN", "20"],
            20 => ["PEXPIREAT", $"string:{key}", "33177117420000"],
            21 => ["DEL", $"{random.Next(4) switch { 0 => "list", 1 => "set", 2 => "zset", _ => "hash" }}:{key}"],
            22 => ["COPY", $"zset:{key}", $"zset:{random.Next(12)}", "REPLACE"],
            _ => ["SUNIONSTORE", $"set:{key}", $"set:{random.Next(12)}", $"set:{random.Next(12)}"],
        };
    }
}
