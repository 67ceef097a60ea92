using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Persistence;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>Files that a crash or a disk has left, loaded by a server that nobody is connected to.</summary>
public sealed class AofLoadTests
{
    private TempFolder _folder = null!;
    private string _path = "";
    private RedisServer _server = null!;

    [SetUp]
    public void Start()
    {
        // Each cut is synced twice, which a disk takes its time for.
        _folder = Directory.Exists("/dev/shm") ? new TempFolder("/dev/shm") : new TempFolder();
        _path = Path.Combine(_folder.Path, "a.aof");
        _server = NewServer();
    }

    [TearDown]
    public void Stop()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_tail_cut_at_any_byte_loses_no_request_before_it()
    {
        byte[][] parts = [Request("SET", "k", "0"), Request("INCR", "k"), [.. Request("MULTI"), .. Request("INCR", "k"), .. Request("INCR", "k"), .. Request("EXEC")], Request("INCR", "k")];
        var whole = parts.SelectMany(static part => part).ToArray();
        string[] values = ["", "0", "1", "3", "4"];
        for (var length = 0; length <= whole.Length; length++)
        {
            var (kept, count) = WholeParts(parts, length);
            Assert.That(LoadAnew(whole.AsSpan(0, length)), Is.Null, $"cut at {length}");
            Assert.That(Get("k"), Is.EqualTo(values[count]), $"cut at {length}");
            Assert.That(new FileInfo(_path).Length, Is.EqualTo(kept), $"cut at {length}");
            if (kept < length) Assert.That(File.ReadAllBytes($"{_path}.cut-at-{kept}"), Is.EqualTo(whole[kept..length]), $"cut at {length}");
            File.Delete($"{_path}.cut-at-{kept}");
        }
    }

    [Test]
    public void Zeros_from_any_byte_on_are_a_short_tail()
    {
        byte[][] parts = [Request("SET", "k", "0"), Request("INCR", "k"), Request("INCR", "k")];
        var whole = parts.SelectMany(static part => part).ToArray();
        string[] values = ["", "0", "1", "2"];
        for (var length = 0; length < whole.Length; length++)
        {
            byte[] zeroed = [.. whole[..length], .. new byte[whole.Length - length + 100]];
            var (kept, count) = WholeParts(parts, length);
            Assert.That(LoadAnew(zeroed), Is.Null, $"zeros from {length} on");
            Assert.That(Get("k"), Is.EqualTo(values[count]), $"zeros from {length} on");
            Assert.That(new FileInfo(_path).Length, Is.EqualTo(kept), $"zeros from {length} on");
        }
    }

    [Test]
    public void Kilobytes_cut_or_zeroed_from_any_byte_on_lose_no_request_before_it()
    {
        const int requests = 60;
        var seed = Environment.TickCount;
        var dice = new Random(seed);
        byte[][] parts = [.. Enumerable.Range(0, requests).Select(_ => RandomEffect(dice))];
        var whole = parts.SelectMany(static part => part).ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            var (kept, count) = WholeParts(parts, length);
            var tail = length % 2 == 0 ? whole[..length] : [.. whole[..length], .. new byte[whole.Length - length]];
            Assert.That(LoadAnew(tail), Is.Null, $"seed {seed}, from {length} on");
            Assert.That(Get("n"), Is.EqualTo(count == 0 ? "" : $"{count}"), $"seed {seed}, from {length} on");
            Assert.That(new FileInfo(_path).Length, Is.EqualTo(kept), $"seed {seed}, from {length} on");
            File.Delete($"{_path}.cut-at-{kept}");
        }
    }

    [Test]
    public void What_was_cut_before_at_the_same_offset_stays()
    {
        foreach (var tail in (string[])["*1\r\n", "*2\r\n", "*3\r\n"])
            Assert.That(LoadAnew([.. Request("SET", "k", "0"), .. Encoding.ASCII.GetBytes(tail)]), Is.Null);

        Assert.That(new[] { "", ".2", ".3" }.Select(again => File.ReadAllText($"{_path}.cut-at-27{again}")), Is.EqualTo(new[] { "*1\r\n", "*2\r\n", "*3\r\n" }));
    }

    [Test]
    public void A_short_tail_is_refused_if_so_configured()
    {
        _server.Config.Set("aof-load-truncated", ["no"]);

        Assert.That(Load([.. Request("SET", "k", "0"), .. "*2\r\n"u8]), Does.StartWith("Unexpected end of file reading the append only file").And.Contain("offset 27"));
        Assert.That(new FileInfo(_path).Length, Is.EqualTo(31));
    }

    [Test]
    public void A_short_tail_is_refused_in_a_file_that_others_follow()
    {
        File.WriteAllBytes(_path, [.. Request("SET", "k", "0"), .. "*2\r\n"u8]);

        Assert.That(Load(new AofLoad(_server, _path, AofPlace.Earlier)), Does.Contain("is not the last file"));
    }

    [TestCase("*x\r\n")]
    [TestCase("garbage")]
    [TestCase("*1\r\n:4\r\nPING\r\n")]
    [TestCase("*1\r\n$4\r\nPINGxx")]
    [TestCase("*0\r\n")]
    [TestCase("*1\r\n$-1\r\n")]
    public void Garbage_is_refused_with_its_offset(string garbage)
    {
        Assert.That(Load([.. Request("SET", "k", "0"), .. Encoding.ASCII.GetBytes(garbage)]), Does.StartWith("Bad file format reading the append only file").And.Contain("offset 27"));
        Assert.That(new FileInfo(_path).Length, Is.EqualTo(27 + garbage.Length));
    }

    [TestCase(6, null)]
    [TestCase(7, "garbage")]
    public void A_corrupt_tail_is_cut_up_to_the_size_configured(int most, string? cut)
    {
        _server.Config.Set("aof-load-corrupt-tail-max-size", [$"{most}"]);
        var error = Load([.. Request("SET", "k", "0"), .. "garbage"u8]);

        Assert.That(error, cut is null ? Is.Not.Null : Is.Null);
        if (cut is not null) Assert.That(File.ReadAllText($"{_path}.cut-at-27"), Is.EqualTo(cut));
    }

    [Test]
    public void An_unknown_command_is_refused() => Assert.That(Load(Request("NOSUCH", "k")), Does.StartWith("Unknown command 'NOSUCH' reading the append only file"));

    [TestCase("ignore")]
    [TestCase("panic-on-replicas")]
    public void A_request_that_fails_is_counted_and_passed_over(string behavior)
    {
        _server.Config.Set("propagation-error-behavior", [behavior]);
        byte[] transaction = [.. Request("MULTI"), .. Request("INCR", "k"), .. Request("LPUSH", "k", "x"), .. Request("EXEC")];

        Assert.That(Load([.. Request("SET", "k", "0"), .. Request("LPUSH", "k", "x"), .. transaction, .. Request("INCR", "k")]), Is.Null);
        Assert.That(Get("k"), Is.EqualTo("2"));
        Assert.That(_server.Statistics.UnexpectedErrors, Is.EqualTo(2));
    }

    [Test]
    public void A_request_that_fails_ends_the_load_if_so_configured()
    {
        _server.Config.Set("propagation-error-behavior", ["panic"]);

        Assert.That(
            Load([.. Request("SET", "k", "0"), .. Request("LPUSH", "k", "x"), .. Request("INCR", "k")]),
            Does.StartWith("This server panicked sending an error to its AOF-loading-client after processing the command 'lpush'"));
        Assert.That(Get("k"), Is.EqualTo("0"));
    }

    [Test]
    public void Annotations_are_passed_over()
    {
        Assert.That(Load([.. "#TS:1700000000\r\n"u8, .. Request("SET", "k", "0"), .. "#TS:1700000001\r\n"u8, .. Request("INCR", "k")]), Is.Null);
        Assert.That(Get("k"), Is.EqualTo("1"));
    }

    [Test]
    public void A_command_that_was_renamed_is_found_by_its_own_name()
    {
        _server.Commands.Rename("set", "put");
        _server.Commands.Rename("incr", "");

        Assert.That(Load([.. Request("SET", "k", "0"), .. Request("put", "k", "5"), .. Request("INCR", "k")]), Is.Null);
        Assert.That(Get("k"), Is.EqualTo("6"));
    }

    [Test]
    public void Nothing_expires_while_requests_are_replayed()
    {
        Assert.That(
            Load([
                .. Request("SET", "k", "a", "PXAT", "1000"), .. Request("APPEND", "k", "b"), .. Request("HSET", "h", "f", "1"), .. Request("PEXPIREAT", "h", "1000"),
                .. Request("HSET", "h", "g", "1"), .. Request("SET", "stays", "1")]),
            Is.Null);

        Assert.That(_server.Keyspace[0].Count, Is.EqualTo(3));
        Assert.That(Get("k"), Is.Empty);
        Assert.That(_server.Keyspace[0].Exists("h"u8), Is.False);
        Assert.That(Get("stays"), Is.EqualTo("1"));
    }

    [Test]
    public void Loading_is_no_reason_to_save()
    {
        Load(Request("SET", "k", "0"));

        Assert.That(_server.Observer.Dirty, Is.Zero);
    }

    private static RedisServer NewServer()
    {
        var config = new ServerConfig();
        config.Set("save", [""]);
        return new RedisServer(config, ServerLog.Silent);
    }

    private static byte[] Request(params string[] words) => CommandEncoder.Encode(words);

    // Each counts once, alone or in a transaction.
    private static byte[] RandomEffect(Random dice) => dice.Next(3) == 0
        ? [.. Request("MULTI"), .. Request("INCR", "n"), .. Request("SET", "k", new string('\0', dice.Next(40))), .. Request("EXEC")]
        : Request("INCR", "n");

    private static (int Bytes, int Count) WholeParts(byte[][] parts, int length)
    {
        var (bytes, count) = (0, 0);
        for (; count < parts.Length && bytes + parts[count].Length <= length; count++) bytes += parts[count].Length;
        return (bytes, count);
    }

    private string? LoadAnew(ReadOnlySpan<byte> file)
    {
        _server.Keyspace.FlushAll(KestrelFree.Storage.FlushMode.Sync);
        return Load(file);
    }

    private string? Load(ReadOnlySpan<byte> file)
    {
        File.WriteAllBytes(_path, file);
        return Load(new AofLoad(_server, _path, AofPlace.Last));
    }

    private string? Load(AofLoad part)
    {
        string? fault = null;
        _server.Loader.Begin([part], error => fault = error);
        _server.Loader.Finish();
        return fault;
    }

    private string Get(string key)
    {
        var entry = _server.Keyspace[0].LookupRead(Encoding.ASCII.GetBytes(key));
        return entry.Exists ? Encoding.ASCII.GetString(entry.GetString(stackalloc byte[32])) : "";
    }
}
