using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

// Corpus/*.txt hold bytes and what redis-server 7.0.15 answers to them before the connection ends:
//
//   > "*1\r\nPING\r\n"
//   < "-ERR Protocol error: expected '$', got 'P'\r\n"
//
// An input may be followed by `x 70000`: its last byte that many times. The recorded answers are compared with ours, and,
// where redis-server is installed, with its own; RECORD_CORPUS=1 writes them anew.

/// <summary>Malformed and odd input, answered in the words that were recorded from redis-server.</summary>
[Parallelizable(ParallelScope.None)]
internal sealed class ProtocolCorpusTests
{
    private const string Password = "secret";

    [TestCase("multibulk.txt")]
    [TestCase("inline.txt")]
    [TestCase("unauthenticated.txt")]
    public void Every_input_is_answered_as_recorded(string file)
    {
        foreach (var entry in Read(file))
        {
            var answer = new EchoingServer(PasswordFor(file)).Answer(entry.Input);
            var byteByByte = new EchoingServer(PasswordFor(file)).Answer(entry.Input, 1);

            Assert.That(ByteText.Quote(answer), Is.EqualTo(entry.Answer), $"{file}: {entry.Line}");
            Assert.That(ByteText.Quote(byteByByte), Is.EqualTo(entry.Answer), $"{file}, byte by byte: {entry.Line}");
        }
    }

    [TestCase("multibulk.txt")]
    [TestCase("inline.txt")]
    [TestCase("unauthenticated.txt")]
    public void Redis_still_answers_as_recorded(string file)
    {
        using var redis = RedisProcess.Start(PasswordFor(file) is null ? [] : ["--requirepass", Password]);
        var records = Environment.GetEnvironmentVariable("RECORD_CORPUS") == "1";
        var recorded = new List<string>();
        foreach (var entry in Read(file))
        {
            var answer = ByteText.Quote(Ask(redis, entry.Input));
            if (!records) Assert.That(answer, Is.EqualTo(entry.Answer), $"{file}: {entry.Line}");
            recorded.AddRange([entry.Line, $"< {answer}"]);
        }

        if (records)
            File.WriteAllLines(PathTo(file), File.ReadAllLines(PathTo(file)).TakeWhile(line => line.StartsWith('#') || line.Length == 0).Concat(recorded));
    }

    [Test]
    public void Redis_answers_random_bytes_alike([Range(0, 7)] int seed)
    {
        using var redis = RedisProcess.Start();
        var random = new Random(seed);
        for (var i = 0; i < 100; i++)
        {
            var bytes = RandomRequests.Next(random);
            var expected = ByteText.Quote(Ask(redis, bytes));

            Assert.That(ByteText.Quote(new EchoingServer().Answer(bytes)), Is.EqualTo(expected), $"seed {seed}, input {i}: {ByteText.Quote(bytes)}");
        }
    }

    private static byte[] Ask(ServerProcess redis, byte[] bytes)
    {
        using var connection = redis.Connect();
        connection.Send(bytes);
        connection.CloseSending();
        return connection.ReadToEnd();
    }

    private static string? PasswordFor(string file) => file.StartsWith("unauth", StringComparison.Ordinal) ? Password : null;

    private static string PathTo(string file) => Repository.PathTo("Tests", "Protocol", "Corpus", file);

    private static List<Entry> Read(string file)
    {
        var entries = new List<Entry>();
        foreach (var line in File.ReadLines(PathTo(file)))
        {
            if (line.StartsWith("> ", StringComparison.Ordinal))
                entries.Add(new Entry(line, Repeated(line[2..]), ""));
            else if (line.StartsWith("< ", StringComparison.Ordinal))
                entries[^1] = entries[^1] with { Answer = line[2..] };
        }

        Assert.That(entries, Is.Not.Empty);
        return entries;
    }

    private static byte[] Repeated(string quoted)
    {
        var end = quoted.LastIndexOf('"');
        var bytes = ByteText.Unquote(quoted);
        var suffix = quoted[(end + 1)..].Trim();
        return suffix.Length == 0 ? bytes : [.. bytes[..^1], .. Enumerable.Repeat(bytes[^1], int.Parse(suffix.TrimStart('x', ' ')))];
    }

    private sealed record Entry(string Line, byte[] Input, string Answer);
}
