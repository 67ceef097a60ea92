using System.Diagnostics;
using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

// WIRE_FUZZ_REQUESTS chooses how many requests are sent and WIRE_FUZZ_SEED which; the full campaign is five million. A failure names the seed of
// the connection whose requests went before it, which send the same again.
//
// A connection sends its requests without reading a reply in between, half-closes, and reads to the end: what blocks, subscribes or is silenced
// ends by that. Some are a user with random rights. What would end the server or keep everybody waiting is taken away: SHUTDOWN has no name,
// DEBUG and CONFIG have secret ones, and CLIENT PAUSE is not among the commands that are drawn.

/// <summary>
/// Random, mutated and cut-off requests of every command, with users and rights: the server lives, answers, loses no memory, and its structures
/// hold.
/// </summary>
internal sealed class WireFuzzTests
{
    private const int RequestsPerConnection = 400;
    private const int Chances = 3;
    private const long LostBytesAtMost = 1024 * 1024;

    private static readonly int Requests = Setting("WIRE_FUZZ_REQUESTS", 40_000);
    private static readonly int FirstSeed = Setting("WIRE_FUZZ_SEED", 20241101);

    // Long replies that are always the same, files, and a pause for all.
    private static readonly string[] Rare = ["command|docs", "command", "command|info", "command|list", "info", "save", "bgsave", "bgrewriteaof", "lolwut", "memory|doctor", "acl|cat"];

    private ServerProcess _server = null!;

    [SetUp]
    public void Start() => _server = KestrelFreeProcess.Start(
        "--rename-command", "SHUTDOWN", "", "--rename-command", "DEBUG", "kf-debug", "--rename-command", "CONFIG", "kf-config", "--enable-debug-command", "yes",
        "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random", "--proto-max-bulk-len", "1mb", "--client-output-buffer-limit", "normal 32mb 0 0", "--loglevel", "warning");

    [TearDown]
    public void Stop() => _server?.Dispose();

    [Test]
    public void The_server_withstands_it()
    {
        using var admin = Admin();
        string[] commands = [.. admin.Ask("COMMAND", "LIST").Split('\n').Skip(1).Select(line => line.Trim(' ', '$', '"')).Where(name => name is not ("client|pause" or "kf-debug" or "kf-config"))];
        commands = [.. commands.Where(name => !Rare.Contains(name)), .. Rare.Take(1 + FirstSeed % Rare.Length)];
        Assert.That(commands, Has.Length.GreaterThan(250));
        var before = admin.InfoNumber("used_memory");

        var watch = Stopwatch.StartNew();
        for (var sent = 0; sent < Requests; sent += RequestsPerConnection) PlayOneConnection(FirstSeed + (sent / RequestsPerConnection), commands);
        TestContext.Progress.WriteLine($"{Requests} requests from seed {FirstSeed} on, {Requests / watch.Elapsed.TotalSeconds:0} a second");

        using var last = Admin();
        Assert.That(last.Ask("kf-debug", "validate"), Is.EqualTo("+OK"), () => _server.Log);
        Eventually.True(() => IsTheSameAfterReload(last), () => $"other data after every reload; seeds from {FirstSeed} on");
        Assert.That(last.Ask("FLUSHALL"), Is.EqualTo("+OK"));
        Eventually.True(() => last.InfoNumber("used_memory") < before + LostBytesAtMost, () => $"{last.InfoNumber("used_memory")} bytes are in use after everything was deleted, {before} were before");
    }

    // A key may run out between the two, but not each time.
    private bool IsTheSameAfterReload(RawConnection client)
    {
        var digest = client.Ask("kf-debug", "digest");
        Assert.That(client.Ask("kf-debug", "reload"), Is.EqualTo("+OK"), () => _server.Log);
        return client.Ask("kf-debug", "digest") == digest;
    }

    private void PlayOneConnection(int seed, string[] commands)
    {
        var random = new Random(seed);
        using var client = _server.Connect();
        try
        {
            if (random.Next(2) == 0) client.Send(RequestBytes.Of("AUTH", random.Next(2) == 0 ? "alice" : "bob", "secret"));
            if (random.Next(3) == 0) client.Send(RequestBytes.Of("HELLO", "3"));
            var bytes = new FuzzedRequests(seed, commands).Next(RequestsPerConnection);

            // Read meanwhile, since the server stops reading from whoever does not.
            var reading = Task.Run(() => Drain(client.Socket));
            client.Send(bytes);
            client.CloseSending();
            if (!reading.Wait(Eventually.Patience)) GiveAnotherChance(reading, seed);
        }
        catch (SocketException)
        {
            // It was closed in the middle: by a protocol error, CLIENT KILL, or a limit.
        }

        Assert.That(_server.HasExited, Is.False, () => $"seed {seed}: the server has ended\n{_server.Log}");
    }

    // The machine may have stood still, and more than once; a server that answers others and still does not end this connection has lost it.
    private void GiveAnotherChance(Task reading, int seed)
    {
        var clients = "nobody is answered";
        for (var chance = 0; chance < Chances && !reading.Wait(Eventually.Patience); chance++)
        {
            try
            {
                using var other = _server.Connect();
                clients = other.AskPayload("CLIENT", "LIST");
            }
            catch (TimeoutException)
            {
                // Another chance, if there is one left.
            }
        }

        Assert.That(reading.IsCompleted, Is.True, () => $"seed {seed}: the server neither answers nor closes\n{clients}\n{_server.Log}");
    }

    private static void Drain(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (socket.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }
    }

    // Users that the requests may change or lock out are not who looks after the server.
    private RawConnection Admin()
    {
        var client = _server.Connect();
        foreach (var user in new[] { "alice", "bob" }) Assert.That(client.Ask("ACL", "SETUSER", user, "on", ">secret", "+@read", "~*"), Is.EqualTo("+OK"), () => _server.Log);
        return client;
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
