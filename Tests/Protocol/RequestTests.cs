using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>The small parts around requests: copies of them, their encoding, the words of a line, and the pool.</summary>
internal sealed class RequestTests
{
    [Test]
    public void An_owned_request_outlives_the_bytes_it_came_in()
    {
        var bytes = "SETkeyvalue"u8.ToArray();
        ArgSlice[] slices = [new(0, 3), new(3, 3), new(6, 5), new(2, 0)];

        var owned = OwnedRequest.CopyOf(new ArgVector(bytes, slices));
        bytes.AsSpan().Clear();

        Assert.That(ReceivingClient.Print(owned.Args), Is.EqualTo("[SET] [key] [value] []"));
        Assert.That(ReceivingClient.Print(owned.Args.From(2)), Is.EqualTo("[value] []"));
        Assert.That(owned.MemoryBytes, Is.GreaterThan(bytes.Length));
    }

    [Test]
    public void Arguments_of_every_kind_are_encoded()
    {
        var output = new ArrayBufferWriter<byte>();
        var encoder = new CommandEncoder(output);
        encoder.Begin(4);
        encoder.Argument("SET");
        encoder.Argument("\u00e9");
        encoder.Argument(-1234567);
        encoder.Argument("\0\r\n"u8);

        Assert.That(ByteText.Text(output.WrittenSpan), Is.EqualTo("*4\r\n$3\r\nSET\r\n$2\r\n\u00c3\u00a9\r\n$8\r\n-1234567\r\n$3\r\n\0\r\n\r\n"));
        Assert.That(CommandEncoder.Encode("PING"), Is.EqualTo("*1\r\n$4\r\nPING\r\n"u8.ToArray()));
    }

    [TestCase("a  b", "a|b")]
    [TestCase("", "")]
    [TestCase("save \"\"", "save|")]
    [TestCase("a \"b c\" 'd e' f\"g\"", "a|b c|d e|fg")]
    [TestCase("a\0b", "a")]
    public void A_line_is_split_into_arguments(string line, string expected)
    {
        var arguments = new List<byte[]>();

        Assert.That(ArgumentSplitter.TrySplit(ByteText.Bytes(line), arguments), Is.True);
        Assert.That(string.Join('|', arguments.Select(argument => ByteText.Text(argument))), Is.EqualTo(expected));
    }

    [TestCase("a \"b")]
    [TestCase("a 'b")]
    [TestCase("a \"b\"c")]
    [TestCase("a \"b\0\"")]
    public void A_line_with_unbalanced_quotes_is_refused(string line)
    {
        Assert.That(ArgumentSplitter.TrySplit(ByteText.Bytes(line), new List<byte[]>()), Is.False);
    }

    [TestCase("get", "GET", 0)]
    [TestCase("a", "B", -1)]
    [TestCase("[", "a", -1)]
    [TestCase("ab", "a", 1)]
    [TestCase("\xe9", "\xc9", 1)]
    public void Keywords_are_compared_without_case(string left, string right, int sign)
    {
        Assert.That(Math.Sign(AsciiText.CompareIgnoreCase(ByteText.Bytes(left), ByteText.Bytes(right))), Is.EqualTo(sign));
        Assert.That(AsciiText.EqualsIgnoreCase(ByteText.Bytes(left), ByteText.Bytes(right)), Is.EqualTo(sign == 0));
    }

    [Test]
    public void Letters_change_case_and_other_bytes_do_not()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        var lower = new byte[256];

        AsciiText.ToLower(all, lower);

        Assert.That(lower, Is.EqualTo(all.Select(value => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value + 32) : value)));
        Assert.That(all.Select(AsciiText.ToUpper), Is.EqualTo(all.Select(value => value is >= (byte)'a' and <= (byte)'z' ? (byte)(value - 32) : value)));
        Assert.That(() => AsciiText.ToLower(all, new byte[3]), Throws.ArgumentException);
    }

    [TestCase(0, 1024)]
    [TestCase(1024, 1024)]
    [TestCase(1025, 2048)]
    [TestCase(16384, 16384)]
    [TestCase(65536, 65536)]
    [TestCase(65537, 81920)]
    [TestCase(81921, 98304)]
    [TestCase(131072, 131072)]
    [TestCase(131073, 163840)]
    [TestCase(917505, 1048576)]
    [TestCase(1048576, 1048576)]
    [TestCase(1048577, 1048577)]
    public void The_pool_rents_the_next_class_up_to_a_megabyte(int wanted, int expected)
    {
        Assert.That(new BufferPool().Rent(wanted), Has.Length.EqualTo(expected));
    }

    [Test]
    public void The_pool_hands_out_what_it_got_back_and_keeps_a_bounded_amount()
    {
        var pool = new BufferPool();
        byte[][] rented = [.. Enumerable.Range(0, 40).Select(_ => pool.Rent(BufferPool.MaxPooledBytes))];
        foreach (var array in rented)
            pool.Return(array);

        Assert.That(pool.RetainedBytes, Is.EqualTo(32L * 1024 * 1024));
        Assert.That(rented, Has.Member(pool.Rent(BufferPool.MaxPooledBytes)));
        Assert.That(pool.RetainedBytes, Is.EqualTo(31L * 1024 * 1024));
    }
}
