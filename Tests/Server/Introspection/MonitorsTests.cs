using System.Text;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>MONITOR: lines of requests however long they are.</summary>
internal sealed class MonitorsTests : InProcessFixture
{
    [TestCase(0)]
    [TestCase(4096)]
    [TestCase(4097)]
    [TestCase(300_000)]
    public void An_argument_of_any_length_is_shown_whole_and_escaped(int length)
    {
        var value = Enumerable.Range(0, length).Select(i => (byte)(i % 256)).ToArray();
        using var monitor = Server.Connect();
        Assert.That(monitor.Ask("MONITOR"), Is.EqualTo("+OK"));

        Client.Send([.. Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${length}\r\n"), .. value, 13, 10]);
        Client.ReadReply();

        var line = Encoding.Latin1.GetString(monitor.ReadReply());
        Assert.That(line, Does.EndWith($"] \"ECHO\" \"{string.Concat(value.Select(Escaped))}\"\r\n"));
    }

    private static string Escaped(byte value) => (char)value switch
    {
        '\\' => "\\\\",
        '"' => "\\\"",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\a' => "\\a",
        '\b' => "\\b",
        >= ' ' and <= '~' => $"{(char)value}",
        _ => $"\\x{value:x2}",
    };
}
