using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Networking;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

public sealed class PeerAddressTests
{
    [TestCase("127.0.0.1", "127.0.0.1:1234")]
    [TestCase("::1", "[::1]:1234")]
    [TestCase("::ffff:10.0.0.7", "10.0.0.7:1234")]
    public void An_address_is_shown_as_client_list_does(string address, string expected)
    {
        Assert.That(PeerAddress.Format(new IPEndPoint(IPAddress.Parse(address), 1234)), Is.EqualTo(expected));
    }

    [Test]
    public void A_unix_path_is_shown_with_port_0()
    {
        Assert.That(PeerAddress.Format(new UnixDomainSocketEndPoint("/run/x.sock")), Is.EqualTo("/run/x.sock:0"));
    }

    [Test]
    public void A_socket_without_a_peer_has_an_unknown_address_and_is_not_local()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        Assert.That(PeerAddress.OfPeer(socket, null), Is.EqualTo("?:0"));
        Assert.That(PeerAddress.IsLoopback(socket), Is.False);
    }
}
