using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Networking;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

public sealed class BindAddressTests
{
    [TestCase("*", "0.0.0.0", false)]
    [TestCase("-*", "0.0.0.0", true)]
    [TestCase("::*", "::", false)]
    [TestCase("-::*", "::", true)]
    [TestCase("127.0.0.1", "127.0.0.1", false)]
    [TestCase("::1", "::1", false)]
    [TestCase("-::1", "::1", true)]
    [TestCase("localhost", "127.0.0.1", false)]
    public void A_word_names_an_address_and_whether_it_may_be_missing(string word, string expected, bool isOptional)
    {
        Assert.That(BindAddress.TryParse(word, out var address), Is.True);

        Assert.That(address.IsOptional, Is.EqualTo(isOptional));
        Assert.That(address.Resolve(), Is.EqualTo(IPAddress.Parse(expected)));
    }

    [TestCase("")]
    [TestCase("-")]
    public void A_word_without_an_address_is_none(string word)
    {
        Assert.That(BindAddress.TryParse(word, out _), Is.False);
    }

    [Test]
    public void A_colon_makes_it_an_ipv6_address()
    {
        Assert.That(FamilyOf("fe80::1"), Is.EqualTo(AddressFamily.InterNetworkV6));
        Assert.That(FamilyOf("example.com"), Is.EqualTo(AddressFamily.InterNetwork));
    }

    private static AddressFamily FamilyOf(string word) =>
        BindAddress.TryParse(word, out var address) ? address.Family : AddressFamily.Unknown;
}
