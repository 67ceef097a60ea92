using KestrelFree.Storage;
using KestrelFree.Tests.Storage.Rdb;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>--check-rdb beside redis-check-rdb: the same exit code for sound and for damaged files.</summary>
internal sealed class RdbCheckTests
{
    private const int Version = 10;

    private TempFolder _folder = null!;
    private string _path = "";

    // What version 10 has.
    private static byte[][] Bodies => [.. RdbBodies.All.Where(static body => body[0] <= (int)RdbType.Stream2)];

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TempFolder();
        _path = _folder.File("dump.rdb");
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_sound_file_is_described()
    {
        var run = Check([
            RdbFileBytes.Aux("redis-ver", "7.0.0"), RdbFileBytes.Select(0), RdbFileBytes.ExpiresAtSeconds(1), RdbFileBytes.Entry("past", [0, 1, (byte)'v']), RdbFileBytes.ExpiresAtMs(33_177_117_420_000),
            RdbFileBytes.Entry("later", [0, 1, (byte)'v']), RdbFileBytes.Select(60), RdbFileBytes.Entry("k", [0, 1, (byte)'v']), RdbFileBytes.Entry("k", [0, 1, (byte)'v'])]);

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.StartWith($"[offset 0] Checking RDB file {_path}\n[offset 26] AUX FIELD redis-ver = '7.0.0'\n[offset 28] Selecting DB ID 0\n"));
        Assert.That(run.Output, Does.EndWith("Checksum OK\n[offset 80] \\o/ RDB looks OK! \\o/\n[info] 4 keys read\n[info] 2 expires\n[info] 1 already expired\n"));
    }

    [Test]
    public void A_damaged_value_is_named_with_its_key_and_type()
    {
        var run = Check([RdbFileBytes.Select(0), RdbFileBytes.Entry("sound", [0, 1, (byte)'v']), RdbFileBytes.Entry("damaged", OlderEncodings.Body((int)RdbType.SetIntset, [9, 9, 9]))]);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(
            run.Output,
            Does.Contain("--- RDB ERROR DETECTED ---").And.Contain("Reading key \"damaged\"").And.Contain("Reading type 11 (SetIntset)").And.Contain("[info] 2 keys read").And.Not.Contain("looks OK"));
    }

    [Test]
    public void What_modules_wrote_is_passed_over()
    {
        byte[] module = [(byte)RdbType.Module, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 2, 5, 5, 2, (byte)'h', (byte)'i', 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] aux = [(byte)RdbOpcode.ModuleAux, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 5, 2, (byte)'h', (byte)'i', 0];

        var run = Check([aux, RdbFileBytes.Select(0), RdbFileBytes.Entry("m", module)]);

        Assert.That((run.ExitCode, Theirs()), Is.EqualTo((0, 0)), run.Output);
        Assert.That(run.Output, Does.Contain("[info] 1 keys read"));
    }

    [Test]
    public void Every_type_and_encoding_passes_as_it_does_there()
    {
        var run = Check([RdbFileBytes.Select(0), .. Bodies.Select(static (body, at) => RdbFileBytes.Entry($"key:{at}", body))]);

        Assert.That((run.ExitCode, Theirs()), Is.EqualTo((0, 0)), run.Output);
        Assert.That(run.Output, Does.Contain($"[info] {Bodies.Length} keys read"));
    }

    [Test]
    public void A_collection_without_elements_is_refused_as_there()
    {
        var run = Check([RdbFileBytes.Select(0), RdbFileBytes.Entry("empty", [(byte)RdbType.Set, 0])]);

        Assert.That((run.ExitCode, Theirs()), Is.EqualTo((1, 1)), run.Output);
    }

    [Test]
    public void What_is_cut_or_flipped_is_refused_as_there()
    {
        var whole = RdbFileBytes.Of(Version, [RdbFileBytes.Aux("redis-ver", "7.0.0"), RdbFileBytes.Select(0), .. Bodies.Select(static (body, at) => RdbFileBytes.Entry($"key:{at}", body))]);
        for (var at = 0; at < whole.Length; at += 29)
        {
            AssertSameVerdict(whole[..at], $"cut at {at}");
            byte[] flipped = [.. whole];
            flipped[at] ^= (byte)(1 << (at % 8));
            AssertSameVerdict(flipped, $"flipped at {at}");
        }
    }

    [TestCase("REDIS0013")]
    [TestCase("REDIS0000")]
    [TestCase("PK\u0003\u0004 some")]
    public void What_is_no_such_file_is_refused_as_there(string magic) => AssertSameVerdict(RdbFileBytes.Of(magic, 10, []), magic);

    [Test]
    public void A_file_without_checksum_passes() => AssertSameVerdict([.. RdbFileBytes.Of(Version, RdbFileBytes.Select(0))[..^8], .. new byte[8]], "no checksum");

    [Test]
    public void A_missing_file_and_missing_words_are_errors()
    {
        Assert.That(CheckRun.Of("", "--check-rdb", _path).ExitCode, Is.EqualTo(1));
        Assert.That(CheckRun.Of("", "--check-rdb"), Is.EqualTo(new CheckRun(1, "Usage: kestrel-free --check-rdb <rdb-file-name>\n")));
    }

    private CheckRun Check(params IEnumerable<byte[]> contents)
    {
        File.WriteAllBytes(_path, RdbFileBytes.Of(Version, contents));
        return CheckRun.Of("", "--check-rdb", _path);
    }

    private int Theirs() => CommandLine.Run(Requirement.Program("redis-check-rdb"), _path).ExitCode;

    private void AssertSameVerdict(byte[] file, string what)
    {
        File.WriteAllBytes(_path, file);
        var ours = CheckRun.Of("", "--check-rdb", _path);
        Assert.That(ours.ExitCode, Is.EqualTo(Theirs()), () => $"{what}:\n{ours.Output}");
        Assert.That(File.ReadAllBytes(_path), Is.EqualTo(file), what);
    }
}
