using System.Text;

namespace KestrelFree.Tests.Protocol;

/// <summary>Makes bytes that are nearly requests: whole ones, pieces of them, and bytes changed at random.</summary>
internal static class RandomRequests
{
    private static readonly string[] Whole =
    [
        "*2\r\n$4\r\nECHO\r\n$1\r\nk\r\n", "*1\r\n$3\r\nxyz\r\n", "ECHO hi\r\n", "echo \"a b\"\n", "\r\n", "*0\r\n", "*-1\r\n", "xyz 'x\\'y' \"\\x41\\n\"\r\n",
        "*2\r\n$4\r\nECHO\r\n$12\r\nhello\0\r\n*1\r\n\r\n", "ECHO 'it'\n", "*2\r\n$4\r\necho\r\n$0\r\n\r\n", "ECHO \"\\xff\\\"\\\\\"\r\n", "  ECHO\t\"\"\r\n",
    ];

    private static readonly string[] Pieces =
    [
        "*3\r\n", "$3\r\n", "abc\r\n", "$0\r\n\r\n", "\0", "\r", "\n", "'", "\"", "*", "$", "-", "12", "*11\r\n", "\xff", "\\x4", "\\x4g", "\\n", " ", "\t", "\v", "\f",
        "*2147483647\r\n", "*2147483648\r\n", "$536870912\r\n", "$536870913\r\n", "$-1\r\n", "*-5\r\n", "$01\r\n", "*01\r\n", "\\", "\\'", "\\\"", "xyz", "ECHO ", "*1\r\n",
    ];

    private static readonly byte[] Changes = "\r\n\0*$'\" 019x-\\\t\v"u8.ToArray();

    /// <summary>The next input; the generator's state decides it.</summary>
    internal static byte[] Next(Random random)
    {
        var text = new StringBuilder();
        var pieces = random.Next(4);
        for (var i = random.Next(1, 12); i > 0; i--)
            text.Append(random.Next(4) < pieces ? Pieces[random.Next(Pieces.Length)] : Whole[random.Next(Whole.Length)]);
        if (random.Next(2) == 0) text.Append("\r\n");
        var bytes = Encoding.Latin1.GetBytes(text.ToString());
        for (var i = random.Next(3); i > 0; i--)
            bytes[random.Next(bytes.Length)] = Changes[random.Next(Changes.Length)];
        return bytes;
    }
}
