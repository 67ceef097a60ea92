using System.Text;
using KestrelFree.Storage;
using KestrelFree.Tests.Storage.Rdb;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>--check-aof beside redis-check-aof: the same exit code, and the same bytes left, for sound and for damaged files.</summary>
internal sealed class AofCheckTests
{
    private const string Manifest = "appendonly.aof.manifest";
    private const string Base = "appendonly.aof.1.base.rdb";
    private const string First = "appendonly.aof.1.incr.aof";
    private const string Last = "appendonly.aof.2.incr.aof";
    private const string Listing = $"file {Base} seq 1 type b\nfile {First} seq 1 type i\nfile {Last} seq 2 type i\n";

    private static readonly byte[] Requests =
    [
        .. "#TS:100\r\n"u8, .. RequestBytes.Of("SELECT", "0"), .. RequestBytes.Of("SET", "k", "v\r\n"), .. "#TS:200\r\n"u8, .. RequestBytes.Of("MULTI"), .. RequestBytes.Of("INCR", "n"), .. RequestBytes.Of("EXEC"),
        .. "#TS:300\r\n"u8, .. RequestBytes.Of("SET", "k", ""),
    ];

    private static readonly int[] Annotations = [.. Enumerable.Range(0, Requests.Length).Where(static at => Requests.AsSpan(at).StartsWith("#TS:"u8))];

    private TempFolder _ours = null!;
    private TempFolder _theirs = null!;

    [SetUp]
    public void MakeFolders() => (_ours, _theirs) = (new TempFolder(), new TempFolder());

    [TearDown]
    public void DeleteFolders()
    {
        _ours.Dispose();
        _theirs.Dispose();
    }

    [Test]
    public void A_single_file_cut_anywhere_gets_the_verdict_that_it_gets_there()
    {
        foreach (var length in Lengths().Where(static length => length % 2 == 0))
            AssertSame("a.aof", [("a.aof", Requests[..length])], $"cut at {length}", []);
    }

    [Test]
    public void A_single_file_with_a_flipped_byte_gets_the_verdict_that_it_gets_there()
    {
        for (var at = 0; at < Requests.Length; at += 5)
        {
            byte[] flipped = [.. Requests];
            flipped[at] ^= 0x10;
            AssertSame("a.aof", [("a.aof", flipped)], $"flipped at {at}", []);
        }
    }

    [Test]
    public void Fixing_leaves_the_bytes_that_it_leaves_there_and_keeps_the_others_beside()
    {
        foreach (var length in Lengths().Where(static length => length % 7 == 0 && length > 10))
        {
            AssertSame("a.aof", [("a.aof", Requests[..length])], $"cut at {length}", ["--fix"]);
            byte[] zeroed = [.. Requests[..length], .. new byte[100]];
            AssertSame("a.aof", [("a.aof", zeroed)], $"zeros from {length} on", ["--fix"]);
            var left = new FileInfo(_ours.File("a.aof")).Length;
            Assert.That(File.ReadAllBytes(_ours.File($"a.aof.cut-at-{left}")), Is.EqualTo(zeroed[(int)left..]));
        }
    }

    [Test]
    public void Nothing_is_cut_unless_the_user_agrees()
    {
        File.WriteAllBytes(_ours.File("a.aof"), Requests[..^1]);
        var run = CheckRun.Of("n\n", "--check-aof", "--fix", _ours.File("a.aof"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Output, Does.EndWith("Continue? [y/N]: Aborting...\n"));
        Assert.That(File.ReadAllBytes(_ours.File("a.aof")), Is.EqualTo(Requests[..^1]));
    }

    [TestCase(99)]
    [TestCase(100)]
    [TestCase(199)]
    [TestCase(200)]
    [TestCase(250)]
    [TestCase(300)]
    [TestCase(1000)]
    public void A_time_cuts_where_it_cuts_there(int seconds)
    {
        AssertSame("a.aof", [("a.aof", Requests)], $"single, {seconds}", ["--truncate-to-timestamp", $"{seconds}"]);
        AssertSame(Manifest, Parts(RequestBytes.Of("SET", "a", "1"), Requests), $"last, {seconds}", ["--truncate-to-timestamp", $"{seconds}"]);
        AssertSame(Manifest, Parts(Requests, RequestBytes.Of("SET", "a", "1")), $"first, {seconds}", ["--truncate-to-timestamp", $"{seconds}"]);
    }

    [TestCase("--fix")]
    [TestCase(null)]
    public void Of_several_files_the_last_alone_is_cut(string? option)
    {
        string[] options = option is null ? [] : [option];
        AssertSame(Manifest, Parts(Requests, Requests), "sound", options);
        AssertSame(Manifest, Parts([], []), "empty", options);
        AssertSame(Manifest, Parts(Requests, Requests[..^5]), "last cut", options);
        AssertSame(Manifest, Parts(Requests[..^5], Requests), "first cut", options);
        AssertSame(Manifest, [.. Parts(Requests, Requests).Skip(1)], "no manifest", options);
        AssertSame(Manifest, [.. Parts(Requests, Requests).SkipLast(1)], "last missing", options);
        AssertSame(Manifest, [(Manifest, Encoding.ASCII.GetBytes(Listing[..^10])), .. Parts(Requests, Requests).Skip(1)], "manifest cut", options);
        AssertSame(Manifest, [(Manifest, "file x seq 0 type b\n"u8.ToArray()), .. Parts(Requests, Requests).Skip(1)], "manifest wrong", options);
        var parts = Parts(Requests, Requests);
        AssertSame(Manifest, [parts[0], (Base, parts[1].Bytes[..^3]), .. parts[2..]], "base cut", options);
    }

    [Test]
    public void A_snapshot_in_front_of_requests_is_checked_too()
    {
        var snapshot = Snapshot();
        AssertSame("a.aof", [("a.aof", [.. snapshot, .. Requests])], "sound", []);
        AssertSame("a.aof", [("a.aof", [.. snapshot[..^3], .. Requests])], "snapshot cut", []);
        AssertSame("a.aof", [("a.aof", [.. snapshot, .. Requests[..^3]])], "requests cut", ["--fix"]);
    }

    [Test]
    public void The_report_is_in_the_words_that_scripts_look_for()
    {
        Write(_ours, Parts(Requests, Requests));
        var run = CheckRun.Of("", "--check-aof", _ours.File(Manifest));

        Assert.That(run.Output, Does.StartWith("Start checking Multi Part AOF\nStart to check BASE AOF (RDB format).\n").And.Contain("RDB preamble is OK, proceeding with AOF tail...\n"));
        Assert.That(run.Output, Does.Contain($"BASE AOF {Base} is valid\nStart to check INCR files.\n").And.Contain($"INCR AOF {First} is valid\n"));
        Assert.That(run.Output, Does.Contain($"AOF analyzed: filename={Last}, size={Requests.Length}, ok_up_to={Requests.Length}, ok_up_to_line=31, diff=0\n"));
        Assert.That(run.Output, Does.EndWith($"INCR AOF {Last} is valid\nAll AOF files and manifest are valid\n"));
    }

    [TestCase("--check-aof")]
    [TestCase("--check-aof --fix")]
    [TestCase("--check-aof --mend a.aof")]
    [TestCase("--check-aof a.aof b.aof")]
    public void Words_that_are_not_understood_are_told(string line) =>
        Assert.That(CheckRun.Of("", line.Split(' ')), Is.EqualTo(new CheckRun(1, "Usage: kestrel-free --check-aof [--fix] [--truncate-to-timestamp timestamp] <file.manifest|file.aof>\n")));

    // A comment without its end is sound there, although what is appended behind it becomes part of it.
    private static IEnumerable<int> Lengths() =>
        Enumerable.Range(0, Requests.Length + 1).Where(static length => !Annotations.Any(at => length > at && length < at + "#TS:100\r\n".Length));

    private static byte[] Snapshot() =>
        RdbFileBytes.Of(10, RdbFileBytes.Select(0), RdbFileBytes.Entry("k", OlderEncodings.Counted((int)RdbType.Set, "a"u8.ToArray(), "b"u8.ToArray())));

    private static (string Name, byte[] Bytes)[] Parts(byte[] first, byte[] last) => [(Manifest, Encoding.ASCII.GetBytes(Listing)), (Base, Snapshot()), (First, first), (Last, last)];

    private static void Write(TempFolder folder, (string Name, byte[] Bytes)[] files)
    {
        foreach (var file in Directory.GetFiles(folder.Path)) File.Delete(file);
        foreach (var (name, bytes) in files) File.WriteAllBytes(folder.File(name), bytes);
    }

    private void AssertSame(string argument, (string Name, byte[] Bytes)[] files, string what, string[] options)
    {
        Write(_ours, files);
        Write(_theirs, files);
        var ours = CheckRun.Of("y\n", ["--check-aof", .. options, _ours.File(argument)]);
        var theirs = CommandLine.RunWithInput(Requirement.Program("redis-check-aof"), "y\n", [.. options, _theirs.File(argument)]);

        Assert.That(ours.ExitCode, Is.EqualTo(theirs.ExitCode), () => $"{what}:\n{ours.Output}\n{theirs.Output}");
        foreach (var (name, _) in files)
            Assert.That(File.ReadAllBytes(_ours.File(name)), Is.EqualTo(File.ReadAllBytes(_theirs.File(name))), () => $"{what}, {name}:\n{ours.Output}\n{theirs.Output}");
    }
}
