using System.Buffers;
using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>Whatever the bytes are and however they are cut, the outcome is the same. Every failure names its seed.</summary>
public sealed class RequestParserProperties
{
    private static readonly string[] Fragments =
    [
        "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "PING\r\n", "SET k \"a b\"\n", "\r\n", "*0\r\n", "*-1\r\n", "*3\r\n", "$3\r\n",
        "SET 'x\\'y' \"\\x41\\n\"\r\n", "abc\r\n", "$0\r\n\r\n", "*1\r\n$0\r\n\r\n", "\0", "\r", "\n", "'", "\"", "*", "$", "-", "12", "*11\r\n", "\xff",
    ];

    [Test]
    public void Any_cut_in_two_parses_alike([Range(0, 199)] int seed)
    {
        var bytes = Mutated(seed);
        var whole = new ReceivingClient().Feed(bytes).Outcome;

        for (var cut = 1; cut < bytes.Length; cut++)
        {
            var client = new ReceivingClient();
            client.Feed(bytes.AsSpan(0, cut)).Feed(bytes.AsSpan(cut));
            Assert.That(client.Outcome, Is.EqualTo(whole), $"seed {seed}, cut at {cut}");
        }
    }

    [Test]
    public void Any_cut_in_three_parses_alike([Range(0, 49)] int seed)
    {
        var bytes = Mutated(seed);
        var whole = new ReceivingClient().Feed(bytes).Outcome;

        for (var first = 1; first < bytes.Length; first++)
        {
            for (var second = first + 1; second < bytes.Length; second += 3)
            {
                var client = new ReceivingClient();
                client.Feed(bytes.AsSpan(0, first)).Feed(bytes.AsSpan(first, second - first)).Feed(bytes.AsSpan(second));
                Assert.That(client.Outcome, Is.EqualTo(whole), $"seed {seed}, cut at {first} and {second}");
            }
        }
    }

    [Test]
    public void Byte_by_byte_parses_alike([Range(0, 199)] int seed)
    {
        var bytes = Mutated(seed);

        Assert.That(new ReceivingClient().Feed(bytes, 1).Outcome, Is.EqualTo(new ReceivingClient().Feed(bytes).Outcome), $"seed {seed}");
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(1000)]
    public void The_size_of_batches_does_not_matter(int maxRequests)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var bytes = Mutated(seed);
            var limited = new ReceivingClient(ReceivingClient.Ordinary, maxRequests);
            Assert.That(limited.Feed(bytes).Outcome, Is.EqualTo(new ReceivingClient().Feed(bytes).Outcome), $"seed {seed}");
        }
    }

    [Test]
    public void Encoded_requests_parse_back([Range(0, 99)] int seed)
    {
        var random = new Random(seed);
        var output = new ArrayBufferWriter<byte>();
        var encoder = new CommandEncoder(output);
        var expected = new List<string>();
        for (var request = random.Next(1, 40); request > 0; request--)
        {
            var line = new StringBuilder();
            var count = random.Next(1, random.Next(10) == 0 ? 300 : 6);
            encoder.Begin(count);
            for (var i = 0; i < count; i++)
            {
                var argument = new byte[random.Next(50) == 0 ? random.Next(200_000) : random.Next(40)];
                random.NextBytes(argument);
                encoder.Argument(argument);
                line.Append(i == 0 ? "" : " ").Append('[').Append(Encoding.Latin1.GetString(argument)).Append(']');
            }

            expected.Add(line.ToString());
        }

        var client = new ReceivingClient();
        client.Feed(output.WrittenSpan, random.Next(1, 30_000));

        Assert.That(client.Requests, Is.EqualTo(expected), $"seed {seed}");
        Assert.That(client.Query.OwnedBytes, Is.Zero, $"seed {seed}");
    }

    private static byte[] Mutated(int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var i = random.Next(1, 12); i > 0; i--)
            text.Append(Fragments[random.Next(random.Next(3) == 0 ? Fragments.Length : 12)]);
        var bytes = Encoding.Latin1.GetBytes(text.ToString());
        for (var i = random.Next(3); i > 0; i--)
            bytes[random.Next(bytes.Length)] = "\r\n\0*$'\" 019x-"u8[random.Next(13)];
        return bytes;
    }
}
