using KestrelFree.Storage;
using KestrelFree.Tests.Storage.Rdb;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>A dump file with every type in every encoding goes from either server to the other, and nothing is lost.</summary>
internal sealed class RdbInteropTests
{
    [Test]
    public void Functions_that_we_cannot_run_come_back_to_a_server_that_can()
    {
        using var folder = new TempFolder();
        using (var oracle = RedisProcess.Start("--dir", folder.Path))
        {
            using var client = oracle.Connect();
            Assert.That(client.Ask("FUNCTION", "LOAD", "#!lua name=sums\nredis.register_function('one', function() return 1 end)"), Is.EqualTo("$\"sums\""));
            client.Ask("SAVE");
        }

        using (var ours = KestrelFreeProcess.Start("--dir", folder.Path))
        {
            using var client = ours.Connect();
            client.Ask("SET", "a", "1");
            client.Ask("FLUSHALL");
            client.Ask("SAVE");
            ours.WaitForLog("The RDB file holds 1 libraries of functions.");
        }

        using var second = RedisProcess.Start("--dir", folder.Path);
        using var reader = second.Connect();
        Assert.That(reader.Ask("FCALL", "one", "0"), Is.EqualTo(":1"));
    }

    [Test]
    public void Files_of_older_versions_are_loaded_here_as_they_are_there()
    {
        using var folder = new TempFolder();
        using var oracle = RedisProcess.Start("--enable-debug-command", "yes", "--dir", folder.Path);
        using var client = oracle.Connect();
        for (var version = 1; version <= RdbFormat.Version; version++)
        {
            var keyspace = Loaded(OfVersion(version), version);
            File.WriteAllBytes(folder.File("dump.rdb"), OfVersion(version));
            Assert.That(client.Ask("DEBUG", "RELOAD", "NOSAVE"), Is.EqualTo("+OK"), $"version {version}:\n{oracle.Log}");
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo($"+{Digest(keyspace)}"), $"version {version}, loaded by both");

            File.WriteAllBytes(folder.File("dump.rdb"), Saved(keyspace));
            Assert.That(client.Ask("DEBUG", "RELOAD", "NOSAVE"), Is.EqualTo("+OK"), $"version {version}, saved by us:\n{oracle.Log}");
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo($"+{Digest(keyspace)}"), $"version {version}, saved by us");

            Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
            Assert.That(Digest(Loaded(File.ReadAllBytes(folder.File("dump.rdb")), version)), Is.EqualTo(Digest(keyspace)), $"version {version}, saved by them");
        }
    }

    [TestCase("yes", "yes", "0")]
    [TestCase("no", "no", "1")]
    public void Ours_is_loaded_by_the_oracle_and_its_own_by_us(string compression, string checksum, string compressDepth)
    {
        using var folder = new TempFolder();
        string[] arguments = ["--enable-debug-command", "yes", "--dir", folder.Path, "--rdbcompression", compression, "--rdbchecksum", checksum, "--list-compress-depth", compressDepth];
        string digest;
        using (var ours = KestrelFreeProcess.Start(arguments))
        {
            using var client = ours.Connect();
            SampleKeys.Fill(client);
            digest = client.Ask("DEBUG", "DIGEST");
            Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
        }

        using (var oracle = RedisProcess.Start(arguments))
        {
            using var client = oracle.Connect();
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest), "ours, loaded by the oracle");
            Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
        }

        using (var ours = KestrelFreeProcess.Start(arguments))
        {
            using var client = ours.Connect();
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest), "the oracle's, loaded by us");
            Assert.That(client.Ask("DEBUG", "RELOAD"), Is.EqualTo("+OK"));
            Assert.That(client.Ask("DEBUG", "DIGEST"), Is.EqualTo(digest), "reloaded");
        }
    }

    // All types that the version has, and an expiry in its unit.
    private static byte[] OfVersion(int version)
    {
        var expiry = version < 3 ? RdbFileBytes.ExpiresAtSeconds(2_000_000_000) : RdbFileBytes.ExpiresAtMs(33_177_117_420_000);
        var entries = RdbBodies.All.Where(body => FirstVersionOf((RdbType)body[0]) <= version).Select(static (body, at) => RdbFileBytes.Entry($"key:{at}", body));
        return RdbFileBytes.Of(version, [RdbFileBytes.Select(0), expiry, .. entries, RdbFileBytes.Select(9), RdbFileBytes.Entry("k", [0, 1, (byte)'v'])]);
    }

    private static int FirstVersionOf(RdbType type) => type switch
    {
        RdbType.Zset => 8,
        <= RdbType.Hash => 1,
        RdbType.HashZipmap or RdbType.ListZiplist or RdbType.SetIntset or RdbType.ZsetZiplist => 2,
        RdbType.HashZiplist => 4,
        RdbType.ListQuicklist => 7,
        RdbType.Stream => 9,
        <= RdbType.Stream2 => 10,
        _ => int.MaxValue,
    };

    private static Keyspace Loaded(byte[] file, int version)
    {
        var keyspace = new Keyspace(new KeyspaceOptions());
        using var stream = new MemoryStream(file);
        new RdbFileReader(keyspace, PayloadCheck.Deep).Read(new RdbInput(stream, $"version {version}"));
        return keyspace;
    }

    private static byte[] Saved(Keyspace keyspace)
    {
        using var stream = new MemoryStream();
        using var snapshot = keyspace.Fork();
        new RdbFileWriter(stream, new RdbFileOptions { RedisVersion = "7.0.0", CreatedMs = 1_800_000_000_000 }).Write(snapshot);
        return stream.ToArray();
    }

    private static string Digest(Keyspace keyspace)
    {
        var digest = new DatasetDigest(keyspace.DatabaseCount);
        using var snapshot = keyspace.Fork();
        var walk = snapshot.Walk();
        while (walk.MoveNext()) digest.Add(walk.DatabaseIndex, walk.Entry);
        return Convert.ToHexStringLower(digest.Finish().Bytes);
    }
}
