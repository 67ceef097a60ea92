using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>What somebody may cost the server who has not said who he is.</summary>
[TestFixture]
internal sealed class StrangerTests
{
    private InProcessServer _server = null!;

    [SetUp]
    public void Start() => _server = new InProcessServer(("requirepass", "secret"));

    [TearDown]
    public void Stop() => _server.Dispose();

    [Test]
    public void Replies_that_he_does_not_read_are_cut_off()
    {
        using var stranger = _server.Connect();
        var pings = RequestBytes.Pipeline(Enumerable.Repeat<string[]>(["PING"], 10_000));

        Eventually.True(
            () => !TrySend(stranger, pings) && _server.OnLoop(() => _server.Server.Statistics.OutputBufferLimitDisconnections) == 1,
            () => "he may still leave replies unread");
    }

    [Test]
    public void Somebody_who_is_known_may_leave_them_for_a_while()
    {
        using var client = _server.Connect();
        client.Send(RequestBytes.Pipeline([["AUTH", "secret"], .. Enumerable.Repeat<string[]>(["ECHO", new('e', 200)], 2000)]));

        Assert.That(Enumerable.Range(0, 2001).Select(_ => client.ReadText()).ToArray()[^1], Is.EqualTo($"$\"{new string('e', 200)}\""));
    }

    [Test]
    public void What_he_may_send_ahead_is_small()
    {
        using var stranger = _server.Connect();

        // Ten arguments of 16 KB each are the longest request: no request is longer than the buffer, so only a line without end is.
        stranger.Send([.. "*10\r\n"u8, .. Enumerable.Repeat("$16384\r\n" + new string('x', 16384) + "\r\n", 9).SelectMany(ByteText.Bytes)]);
        stranger.Send(ByteText.Bytes("$16384\r\n" + new string('x', 16384) + "\r\n"));

        Assert.That(stranger.ReadText(), Does.StartWith("-ERR unknown command 'xxx"));
    }

    private static bool TrySend(RawConnection client, byte[] bytes)
    {
        try
        {
            client.Send(bytes);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
