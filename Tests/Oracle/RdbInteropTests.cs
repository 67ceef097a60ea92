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
}
