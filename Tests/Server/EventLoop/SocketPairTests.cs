using System.Net.Sockets;
using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

public sealed class SocketPairTests
{
    [Test]
    public void The_systems_pair_is_connected_and_does_not_block() => Check(SocketPair.Open());

    [Test]
    public void The_portable_pair_is_connected()
    {
        (var receiver, var sender) = SocketPair.OpenLoopback();
        receiver.Blocking = false;
        sender.Blocking = false;

        Check((receiver, sender));
    }

    private static void Check((Socket Receiver, Socket Sender) pair)
    {
        using var receiver = pair.Receiver;
        using var sender = pair.Sender;
        var buffer = new byte[4];
        Assert.That(receiver.Receive(buffer, SocketFlags.None, out var error), Is.Zero);
        Assert.That(error, Is.EqualTo(SocketError.WouldBlock));

        sender.Send("x"u8);

        Assert.That(receiver.Poll(20_000_000, SelectMode.SelectRead), Is.True);
        Assert.That(receiver.Receive(buffer), Is.EqualTo(1));
    }
}
