using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>
/// The real executable saves its data and finds it again: SAVE, BGSAVE, save points, SHUTDOWN, and what happens when the disk refuses.
/// </summary>
internal sealed class SaveTests
{
    private TempFolder _folder = null!;

    private string DumpFile => _folder.File("dump.rdb");

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void What_was_saved_is_there_after_a_restart()
    {
        string digest;
        using (var server = Start())
        {
            using var client = server.Connect();
            Fill(client);
            digest = client.Ask("DEBUG", "DIGEST");

            Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
            Assert.That(client.InfoNumber("rdb_changes_since_last_save"), Is.Zero);
            server.WaitForLog("DB saved on disk");
        }

        using var second = Start();
        using var reader = second.Connect();
        Assert.That(reader.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest));
        Assert.That(reader.InfoNumber("rdb_last_load_keys_loaded"), Is.EqualTo(103));
        Assert.That(reader.InfoNumber("rdb_changes_since_last_save"), Is.Zero);
        second.WaitForLog("Done loading RDB, keys loaded: 103, keys expired: 0.").WaitForLog("DB loaded from disk: ").WaitForLog("Ready to accept connections");
        Assert.That(Leftovers(), Is.Empty);
    }

    [Test]
    public void A_background_save_holds_what_was_there_when_it_began()
    {
        using (var server = Start("--rdb-key-save-delay", "2000"))
        {
            using var client = server.Connect();
            Fill(client);

            Assert.That(client.Ask("BGSAVE"), Is.EqualTo("+Background saving started"));
            client.Ask("SET", "later", "x");
            Assert.That(client.Ask("BGSAVE"), Is.EqualTo("-ERR Background save already in progress"));
            Assert.That(client.Ask("BGSAVE", "SCHEDULE"), Is.EqualTo("-ERR Background save already in progress"));
            Assert.That(client.Ask("SAVE"), Is.EqualTo("-ERR Background save already in progress"));
            Assert.That(client.InfoNumber("rdb_bgsave_in_progress"), Is.EqualTo(1));
            Assert.That(client.InfoNumber("current_save_keys_total"), Is.EqualTo(103));
            WaitUntilSaved(client);
            Assert.That(client.InfoNumber("rdb_changes_since_last_save"), Is.EqualTo(1));
            server.WaitForLog("Background saving started by pid").WaitForLog("DB saved on disk").WaitForLog("Fork CoW for RDB").WaitForLog("Background saving terminated with success");
        }

        using var second = Start();
        using var reader = second.Connect();
        Assert.That(reader.Ask("EXISTS", "later"), Is.EqualTo(":0"));
        Assert.That(reader.InfoNumber("rdb_last_load_keys_loaded"), Is.EqualTo(103));
    }

    [Test]
    public void Bgsave_in_a_transaction_runs_after_it()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Ask("MULTI");
        client.Ask("SET", "a", "1");
        client.Ask("BGSAVE");
        client.Ask("SET", "b", "2");

        Assert.That(client.Ask("EXEC"), Does.Contain("+Background saving scheduled"));
        Eventually.True(() => client.InfoNumber("rdb_saves") == 1, () => "no save has begun");
        WaitUntilSaved(client);
        Assert.That(client.InfoNumber("rdb_changes_since_last_save"), Is.Zero);
        Assert.That(client.Ask("BGSAVE", "now"), Is.EqualTo("-ERR syntax error"));
    }

    [Test]
    public void A_save_waits_for_a_rewrite_and_a_rewrite_for_a_save()
    {
        using var server = Start("--rdb-key-save-delay", "10000000");
        using var client = server.Connect();
        Fill(client);
        client.Ask("BGREWRITEAOF");
        Assert.That(client.Ask("BGSAVE"), Is.EqualTo("-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."));
        Assert.That(client.Ask("BGSAVE", "SCHEDULE"), Is.EqualTo("+Background saving scheduled"));
        Assert.That(client.InfoNumber("rdb_bgsave_in_progress"), Is.Zero);

        // What runs goes on as slowly as it began; FLUSHALL ends a save but no rewrite.
        client.Ask("CONFIG", "SET", "rdb-key-save-delay", "0");
        client.Ask("CONFIG", "SET", "appendonly", "yes");
        client.Ask("CONFIG", "SET", "appendonly", "no");
        Eventually.True(() => client.InfoNumber("rdb_saves") == 1, () => "the scheduled save does not begin");
        WaitUntilSaved(client);

        client.Ask("CONFIG", "SET", "rdb-key-save-delay", "10000000");
        client.Ask("BGSAVE");
        Assert.That(client.Ask("BGREWRITEAOF"), Is.EqualTo("+Background append only file rewriting scheduled"));
        client.Ask("CONFIG", "SET", "rdb-key-save-delay", "0");
        client.Ask("FLUSHALL");
        server.WaitForLog("Background append only file rewriting started").WaitForLog("Background AOF rewrite finished successfully");
    }

    [Test]
    public void Save_points_save_by_themselves()
    {
        using var server = Start("--save", "1 10");
        using var client = server.Connect();
        for (var i = 0; i < 10; i++)
            client.Ask("SET", $"k{i}", "v");

        server.WaitForLog("10 changes in 1 seconds. Saving...").WaitForLog("Background saving terminated with success");
        Eventually.True(() => client.InfoNumber("rdb_changes_since_last_save") == 0, () => "changes are left");
        Assert.That(File.Exists(DumpFile));
        Assert.That(client.Ask("LASTSAVE"), Is.EqualTo($":{client.InfoField("rdb_last_save_time")}"));
    }

    [Test]
    public void Flushall_ends_a_background_save()
    {
        using var server = Start("--rdb-key-save-delay", "10000000");
        using var client = server.Connect();
        Fill(client);
        client.Ask("BGSAVE");

        client.Ask("FLUSHALL");

        Assert.That(client.InfoNumber("rdb_bgsave_in_progress"), Is.Zero);
        Assert.That(client.InfoField("rdb_last_bgsave_status"), Is.EqualTo("ok"));
        Assert.That(client.InfoNumber("rdb_changes_since_last_save"), Is.GreaterThan(100));
        server.WaitForLog("Background saving abandoned");
        Assert.That(Leftovers(), Is.Empty);
        Assert.That(File.Exists(DumpFile), Is.False);
    }

    [Test]
    public void Flushall_saves_that_there_is_nothing_where_there_are_save_points()
    {
        using var server = Start("--save", "3600 1000000");
        using var client = server.Connect();
        client.Ask("SET", "a", "1");
        client.Ask("SAVE");
        var before = new FileInfo(DumpFile).Length;

        client.Ask("FLUSHALL");

        Assert.That(new FileInfo(DumpFile).Length, Is.LessThan(before));
    }

    [TestCase("SHUTDOWN", "", false)]
    [TestCase("SHUTDOWN SAVE", "", true)]
    [TestCase("SHUTDOWN", "3600 1", true)]
    [TestCase("SHUTDOWN NOSAVE", "3600 1", false)]
    public void Shutdown_saves_when_told_to(string line, string savePoints, bool saves)
    {
        using var server = Start("--save", savePoints);
        using var client = server.Connect();
        client.Ask("SET", "a", "1");
        client.SendRequest(line.Split(' '));

        Assert.That(server.WaitForExit(), Is.Zero, server.Log);
        Assert.That(File.Exists(DumpFile), Is.EqualTo(saves));
        Assert.That(server.Log.Contains("Saving the final RDB snapshot before exiting.", StringComparison.Ordinal), Is.EqualTo(saves));
    }

    [Test]
    public void A_signal_saves_as_shutdown_does_and_ends_a_background_save()
    {
        using var server = Start("--save", "3600 1", "--rdb-key-save-delay", "10000000");
        using var client = server.Connect();
        Fill(client);
        client.Ask("BGSAVE");
        client.Ask("SET", "later", "x");
        client.Ask("CONFIG", "SET", "rdb-key-save-delay", "0");

        server.Signal(PosixSignal.Terminate);

        Assert.That(server.WaitForExit(), Is.Zero, server.Log);
        Assert.That(server.Log, Does.Contain("There is a child saving an .rdb. Killing it!"));
        Assert.That(Leftovers(), Is.Empty);
        using var second = Start();
        using var reader = second.Connect();
        Assert.That(reader.Ask("EXISTS", "later"), Is.EqualTo(":1"));
    }

    [Test]
    public void Where_nothing_can_be_saved_writes_are_refused_until_it_can()
    {
        using var server = Start("--save", "3600 1000000");
        using var client = server.Connect();
        client.Ask("SET", "a", "1");
        Directory.Delete(_folder.Path);

        Assert.That(client.Ask("SAVE"), Does.StartWith("-ERR Failed opening the temp RDB file /").And.EndsWith("No such file or directory (errno 2)"));
        Assert.That(client.Ask("SET", "a", "2"), Is.EqualTo("+OK"), "SAVE's caller knows");
        client.Ask("BGSAVE");
        server.WaitForLog("Background saving error");

        Assert.That(client.InfoField("rdb_last_bgsave_status"), Is.EqualTo("err"));
        Assert.That(client.Ask("SET", "a", "3"), Does.StartWith("-MISCONF Redis is configured to save RDB snapshots").And.Contain($"{_folder.Path}/temp-").And.Contain("(errno 2)"));
        Assert.That(client.Ask("PING"), Does.StartWith("-MISCONF "));
        Assert.That(client.Ask("GET", "a"), Is.EqualTo("$\"2\""));
        client.Ask("MULTI");
        Assert.That(client.Ask("SET", "a", "4"), Does.StartWith("-MISCONF "));
        Assert.That(client.Ask("EXEC"), Does.StartWith("-EXECABORT "));
        client.SendRequest("SHUTDOWN");
        Assert.That(client.ReadText(), Is.EqualTo("-ERR Errors trying to SHUTDOWN. Check logs."));
        client.Ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
        Assert.That(client.Ask("SET", "a", "5"), Is.EqualTo("+OK"));
        client.Ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");

        Directory.CreateDirectory(_folder.Path);
        Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
        Assert.That(client.Ask("SET", "a", "6"), Is.EqualTo("+OK"));
        Assert.That(client.InfoField("rdb_last_bgsave_status"), Is.EqualTo("ok"));
    }

    [Test]
    public void A_full_disk_is_told_with_what_is_free()
    {
        using var server = Start("--save", "3600 1000000");
        using var client = server.Connect();
        client.Ask("DEBUG", "POPULATE", "1000");
        File.CreateSymbolicLink(_folder.File($"temp-{server.Pid}.1.rdb"), "/dev/full");

        client.Ask("BGSAVE");
        server.WaitForLog("Background saving error");

        Assert.That(client.Ask("SET", "a", "1"), Does.Match(@"^-MISCONF .* Write error while saving DB to the disk, /.*\.rdb: No space left on device, \d+ bytes are free \(errno 28\)"));
        Assert.That(Leftovers(), Is.Empty);
        client.Ask("BGSAVE");
        WaitUntilSaved(client);
        Assert.That(client.Ask("SET", "a", "1"), Is.EqualTo("+OK"));
    }

    [Test]
    public void A_second_interrupt_ends_the_last_save_and_leaves_nothing_half_written()
    {
        using var server = Start("--save", "3600 1", "--rdb-key-save-delay", "10000000");
        using var client = server.Connect();
        Fill(client);

        server.Signal(PosixSignal.Interrupt);
        server.WaitForLog("Saving the final RDB snapshot before exiting.");
        Eventually.True(() => Leftovers().Length == 1, () => "nothing is written");
        server.Signal(PosixSignal.Interrupt);

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(Leftovers(), Is.Empty);
        Assert.That(File.Exists(DumpFile), Is.False);
    }

    [Test]
    public void Killed_in_the_middle_of_a_save_it_finds_the_last_whole_one()
    {
        using (var server = Start())
        {
            using var client = server.Connect();
            Fill(client);
            client.Ask("SAVE");
            client.Ask("SET", "later", "x");
            client.Ask("CONFIG", "SET", "rdb-key-save-delay", "10000000");
            client.Ask("BGSAVE");
            Eventually.True(() => Leftovers().Length == 1, () => "nothing is written");
            server.Signal(PosixSignal.Kill);
            server.WaitForExit();
        }

        using var second = Start();
        using var reader = second.Connect();
        Assert.That(reader.InfoNumber("rdb_last_load_keys_loaded"), Is.EqualTo(103));
    }

    [Test]
    public void A_forced_shutdown_ends_though_nothing_can_be_saved()
    {
        using var server = Start();
        using var client = server.Connect();
        Directory.Delete(_folder.Path);

        client.SendRequest("SHUTDOWN", "SAVE");
        Assert.That(client.ReadText(), Is.EqualTo("-ERR Errors trying to SHUTDOWN. Check logs."));
        client.SendRequest("SHUTDOWN", "SAVE", "FORCE");

        Assert.That(server.WaitForExit(), Is.Zero, server.Log);
        Assert.That(server.Log, Does.Contain("Error trying to save the DB, can't exit.").And.Contain("Error trying to save the DB. Exit anyway."));
    }

    [Test]
    public void A_field_that_expires_makes_the_file_newer_and_the_log_names_its_key()
    {
        using (var server = Start())
        {
            using var client = server.Connect();
            client.Ask("HSET", "the hash", "f", "v", "g", "w");
            client.Ask("HPEXPIREAT", "the hash", "33177117420000", "FIELDS", "1", "f");
            client.Ask("SAVE");
            server.WaitForLog("The RDB file has version 12 instead of 10: fields expire, first seen in key \"the hash\"");
        }

        using var second = Start();
        using var reader = second.Connect();
        Assert.That(reader.Ask("HPEXPIRETIME", "the hash", "FIELDS", "2", "f", "g"), Is.EqualTo("*2\n  :33177117420000\n  :-1"));
    }

    private static void Fill(RawConnection client)
    {
        client.Ask("DEBUG", "POPULATE", "100");
        client.Ask("SADD", "set", "a", "b");
        client.Ask("HSET", "hash", "f", "v");
        client.Ask("SELECT", "5");
        client.Ask("SET", "volatile", "v", "PXAT", "33177117420000");
        client.Ask("SELECT", "0");
    }

    private static void WaitUntilSaved(RawConnection client) =>
        Eventually.True(() => client.InfoNumber("rdb_bgsave_in_progress") == 0, () => "the save goes on");

    private string[] Leftovers() => Directory.GetFiles(_folder.Path, "temp-*");

    private ServerProcess Start(params string[] arguments) => KestrelFreeProcess.Start(["--enable-debug-command", "yes", "--dir", _folder.Path, .. arguments]);
}
