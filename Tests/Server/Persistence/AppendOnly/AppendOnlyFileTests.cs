using KestrelFree.Server.Persistence;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>When what was fed is written and synced, and what happens when it cannot be.</summary>
public sealed class AppendOnlyFileTests
{
    private const int NoSpace = 28;

    private readonly List<TroubledFile> _files = [];
    private TempFolder _folder = null!;
    private InProcessServer? _server;
    private string? _death;

    private TroubledFile Newest => _files[^1];

    [SetUp]
    public void Prepare()
    {
        _folder = new TempFolder();
        _files.Clear();
        _death = null;
    }

    [TearDown]
    public void Stop()
    {
        foreach (var file in _files) file.Release();
        _server?.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void What_is_acknowledged_has_been_written()
    {
        using var client = Start("no");
        for (var i = 0; i < 20; i++)
        {
            client.Ask("INCR", "n");
            Assert.That(Contents(), Does.EndWith("INCR\r\n$1\r\nn\r\n"));
            Assert.That(Contents().Split("INCR"), Has.Length.EqualTo(i + 2));
        }
    }

    [Test]
    public void Under_always_what_is_acknowledged_has_been_synced()
    {
        using var client = Start("always");
        for (var i = 1; i <= 5; i++)
        {
            client.Ask("INCR", "n");
            Assert.That(Newest.Syncs, Is.EqualTo(i));
            Assert.That(client.Ask("WAITAOF", "1", "0", "0"), Is.EqualTo(Two("1", "0")));
        }
    }

    [Test]
    public void A_full_disk_refuses_writes_until_there_is_room_and_loses_none()
    {
        using var client = Start("no");
        Newest.Trouble = NoSpace;

        // The first is acknowledged before anybody knows; it is written when there is room.
        Assert.That(client.Ask("SET", "a", "1"), Is.EqualTo("+OK"));
        var error = client.Ask("SET", "b", "2");
        Assert.That(error, Does.StartWith("-MISCONF Errors writing to the AOF file: No space left on device"));
        Assert.That(error, Does.Contain(Newest.FilePath).And.Contain("errno 28"));
        Assert.That(client.Ask("PING"), Does.StartWith("-MISCONF"));
        Assert.That(client.AskPayload("GET", "a"), Is.EqualTo("1"));
        Assert.That(client.AskPayload("INFO", "persistence"), Does.Contain("aof_last_write_status:err"));

        Newest.Trouble = 0;
        Eventually.True(() => client.Ask("SET", "c", "3") == "+OK", () => "writes are still refused");
        Assert.That(client.AskPayload("INFO", "persistence"), Does.Contain("aof_last_write_status:ok"));
        Assert.That(Contents(), Does.Contain("$1\r\na\r\n").And.Contain("$1\r\nc\r\n").And.Not.Contain("$1\r\nb\r\n"));
    }

    [Test]
    public void Under_always_a_full_disk_ends_the_server()
    {
        using var client = Start("always");
        Newest.Trouble = NoSpace;
        client.SendRequest("SET", "a", "1");

        Eventually.True(() => Volatile.Read(ref _death) is not null, () => "the server goes on");
        Assert.That(_death, Does.Contain("No space left on device").And.Contain("'always'"));
        Newest.Trouble = 0;
    }

    [Test]
    public void A_sync_that_fails_refuses_writes_until_one_succeeds()
    {
        using var client = Start("everysec");
        Newest.SyncTrouble = 5;
        client.Ask("SET", "a", "1");

        Eventually.True(() => client.Ask("SET", "b", "2").StartsWith("-MISCONF", StringComparison.Ordinal), () => "writes are accepted");
        Newest.SyncTrouble = 0;
        _server!.OnLoop(() => _server.Server.Aof.FlushNow());
    }

    [Test]
    public void While_a_sync_is_in_flight_a_write_waits_for_it_and_waitaof_too()
    {
        using var client = Start("everysec");
        Newest.Hold();
        client.Ask("SET", "a", "1");
        Eventually.True(() => Newest.IsSyncing, () => "nothing is synced");
        client.Ask("SET", "b", "2");
        client.SendRequest("WAITAOF", "1", "0", "0");
        Assert.That(client.HasInput(TimeSpan.FromMilliseconds(20)), Is.False);

        Newest.Release();
        Assert.That(client.ReadText(), Is.EqualTo(Two("1", "0")));
        Assert.That(Contents(), Does.Contain("$1\r\nb\r\n"));
    }

    [Test]
    public void Waitaof_says_what_is_wrong_with_it()
    {
        _server = new InProcessServer();
        using var client = _server.Connect();

        Assert.That(client.Ask("WAITAOF", "1", "0", "0"), Is.EqualTo("-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."));
        Assert.That(client.Ask("WAITAOF", "2", "0", "0"), Is.EqualTo("-ERR value is out of range, must be between 0 and 1"));
        Assert.That(client.Ask("WAITAOF", "0", "-1", "0"), Is.EqualTo("-ERR value is out of range, must be positive"));
        Assert.That(client.Ask("WAITAOF", "0", "0", "0"), Is.EqualTo(Two("0", "0")));
        Assert.That(client.Ask("WAITAOF", "0", "1", "10"), Is.EqualTo(Two("0", "0")));
    }

    [Test]
    public void The_time_of_what_follows_is_noted_if_so_configured()
    {
        using var client = Start("no", ("aof-timestamp-enabled", "yes"));
        client.Ask("SET", "a", "1");

        Assert.That(Contents(), Does.Match(@"^#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT\r\n"));
    }

    [Test]
    public void A_rewrite_that_cannot_open_its_file_leaves_all_as_it_was()
    {
        using var client = Start("no");
        client.Ask("SET", "a", "1");
        _server!.OnLoop(() => _server.Server.Aof.OpenFile = (_, _) => throw new IOException("no"));

        Assert.That(client.Ask("BGREWRITEAOF"), Does.StartWith("-ERR Can't execute an AOF background rewriting"));
        Assert.That(client.Ask("SET", "b", "2"), Is.EqualTo("+OK"));
        Assert.That(Contents(), Does.Contain("$1\r\nb\r\n"));
        Assert.That(client.AskPayload("INFO", "persistence"), Does.Contain("aof_last_bgrewrite_status:err"));
    }

    private static string Two(string first, string second) => ReplyText.Render(System.Text.Encoding.ASCII.GetBytes($"*2\r\n:{first}\r\n:{second}\r\n"));

    private RawConnection Start(string policy, params (string Name, string Value)[] directives)
    {
        _server = new InProcessServer([("appendfsync", policy), .. directives]);
        _server.OnLoop(() =>
        {
            var aof = _server.Server.Aof;
            aof.Folder.Root = _folder.Path;
            aof.OpenFile = Open;
            aof.Fatal = reason => Volatile.Write(ref _death, reason);
            return aof.TryOpenAtStart();
        });
        return _server.Connect();
    }

    private TroubledFile Open(string path, FileMode mode)
    {
        _files.Add(new TroubledFile(path, mode));
        return Newest;
    }

    private string Contents()
    {
        using var reader = new StreamReader(new FileStream(Newest.FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private sealed class TroubledFile(string path, FileMode mode) : AofFile(path, mode)
    {
        private readonly ManualResetEventSlim _mayEnd = new(initialState: true);
        private int _syncs;
        private volatile int _trouble;
        private volatile int _syncTrouble;
        private volatile bool _isSyncing;

        internal int Trouble
        {
            set => _trouble = value;
        }

        internal int SyncTrouble
        {
            set => _syncTrouble = value;
        }

        internal int Syncs => Volatile.Read(ref _syncs);

        internal bool IsSyncing => _isSyncing;

        internal void Hold() => _mayEnd.Reset();

        internal void Release() => _mayEnd.Set();

        internal override void Append(ReadOnlySpan<byte> bytes)
        {
            if (_trouble != 0) throw new IOException("trouble", _trouble);
            base.Append(bytes);
        }

        internal override void Sync()
        {
            _isSyncing = true;
            _mayEnd.Wait(Eventually.Patience);
            _isSyncing = false;
            if (_syncTrouble != 0) throw new IOException("trouble", _syncTrouble);
            base.Sync();
            Interlocked.Increment(ref _syncs);
        }
    }
}
