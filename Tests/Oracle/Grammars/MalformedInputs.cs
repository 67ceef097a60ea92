using System.Text;

namespace KestrelFree.Tests.Oracle;

// Bytes that are no request, or hardly one. No input goes on for long after its fault: a server that closes a connection
// with bytes unread resets it, and the reset may overtake the error reply.

/// <summary>A table of malformed and odd input.</summary>
internal static class MalformedInputs
{
    private const string Ping = "*1\r\n$4\r\nPING\r\n";

    /// <summary>The inputs, one byte per char.</summary>
    public static readonly string[] All =
    [
        // Multibulk counts.
        "*\r\n", "*x\r\n", "*1x\r\n", "* 1\r\n", "*-1\r\n" + Ping, "*0\r\n" + Ping, "*-99\r\n" + Ping, "*+1\r\n$4\r\nPING\r\n", "*01\r\n$4\r\nPING\r\n",
        "*2147483648\r\n", "*2147483647\r\n", "*1048577\r\n", "*9223372036854775808\r\n", "*99999999999999999999999\r\n", "*20\r\n", "*10\r\n", "*11\r\n", "**1\r\n", "*1\n$4\nPING\n",
        "*" + new string('1', 70000), "*1\r", "*1\r\nPING\r\n",

        // Bulk lengths.
        "*1\r\nfoo\r\n", "*1\r\n:4\r\n", "*1\r\n\r\n", "*1\r\n\0\r\n", "*1\r\n*1\r\n", "*1\r\n$\r\n", "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n$-2\r\n", "*1\r\n$4x\r\nPING\r\n",
        "*1\r\n$+4\r\nPING\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$536870913\r\n", "*1\r\n$536870912\r\n", "*1\r\n$2147483648\r\n", "*1\r\n$9223372036854775808\r\n", "*1\r\n$16385\r\n",
        "*1\r\n$16384\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000000\r\n", "*1\r\n$" + new string('1', 70000),

        // A payload longer or shorter than it says.
        "*1\r\n$4\r\nPINGxx" + Ping, "*1\r\n$5\r\nPING\r\n" + Ping, "*1\r\n$3\r\nPING\r\n", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "*1\r\n$0\r\n\r\n" + Ping,

        // Good requests before the fault are answered.
        Ping + "*x\r\n", Ping + Ping + "*1\r\n!4\r\n", Ping + "*1\r\n$4\r\nPI", Ping + "*2\r\n$4\r\n",

        // Inline requests: line ends, blanks, quotes.
        "PING\r\n", "PING\n", "\r\n\r\nPING\r\n", "\n", " \r\nPING\r\n", "  PING  \r\n", "PING\tx\r\n", "PING 'a b'\r\n", "PING \"a\\x41\\n\\r\\t\\b\\a\\\\\"\r\n", "PING \"a\\xzz\"\r\n", "PING 'a\\'b'\r\n",
        "PING 'a\\nb'\r\n", "PING \"\"\r\n", "\"PING\"\r\n", "PING \"a\r\n", "PING 'a\r\n", "PING \"a\"b\r\n", "PING 'a'b\r\n", "PING a\"b\"\r\n", "PING a\"b\r\n", "PING \"\r\n" + Ping, "\0\r\n", "PING \0x\r\n",
        "PING\r", "PING", "GET a b c\r\n", "nosuch 'x y'\r\n", "+PING\r\n", "$4\r\nPING\r\n", ":1\r\n", "-x\r\n", "PING\r\n" + Ping + "ECHO x\n" + Ping,
        "SET k \"\\x00\\xff\"\r\nGET k\r\n", new string('a', 65537), new string(' ', 65537), "PING " + new string('b', 60000) + "\r\n",

        // Names of other protocols: an open port meets them.
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nPING\r\n", "Host: localhost\r\nPING\r\n", "host:\r\n" + Ping, "HOST: x\r\n" + Ping, "post\r\n" + Ping,

        // QUIT ends the connection whatever follows.
        "QUIT\r\n", "*1\r\n$4\r\nQUIT\r\n" + Ping, "*2\r\n$4\r\nQUIT\r\n$1\r\nx\r\n" + Ping, Ping + "quit\r\nPING\r\n",
    ];

    /// <summary>A few good requests with a few bytes changed, dropped or added.</summary>
    public static byte[] Mutated(int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var count = 1 + random.Next(4); count > 0; count--)
            text.Append(Requests[random.Next(Requests.Length)]);

        for (var count = random.Next(4); count > 0 && text.Length > 0; count--)
        {
            var at = random.Next(text.Length);
            var letter = Bytes[random.Next(Bytes.Length)];
            switch (random.Next(3))
            {
                case 0:
                    text[at] = letter;
                    break;
                case 1:
                    text.Insert(at, letter);
                    break;
                default:
                    text.Remove(at, 1);
                    break;
            }
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private const string Bytes = "*$\r\n 019-+:\"'\\x\0\xff\nA";

    private static readonly string[] Requests =
    [
        Ping, "PING\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "SET k 'a value'\r\n", "*2\r\n$4\r\nECHO\r\n$12\r\nhowdy\r\nworld\r\n", "*0\r\n", "\r\n",
        "*4\r\n$4\r\nMGET\r\n$1\r\na\r\n$0\r\n\r\n$2\r\nbc\r\n", "ECHO \"x\\ny\"\n", "*2\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n",
    ];
}
