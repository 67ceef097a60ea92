using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Server.Networking;

// One word of the bind directive:
//
//      word        means                                       listens on
//      *           every IPv4 address                          0.0.0.0
//      ::*         every IPv6 address                          [::], IPv6 only
//      1.2.3.4     one IPv4 address; also a host name          the first IPv4 address it resolves to
//      ::1         one IPv6 address, whatever holds a colon    the address, IPv6 only
//      -WORD       the same, but its absence is no error       an address that this machine does not have is skipped
//
// IPv6 sockets never take IPv4 connections as mapped ones, so `* -::*` opens two sockets and a client's address reads the same
// whatever is bound.

/// <summary>One address of the bind directive.</summary>
internal readonly struct BindAddress : IEquatable<BindAddress>
{
    private BindAddress(string text, bool isOptional)
    {
        Text = text;
        IsOptional = isOptional;
    }

    /// <summary>The address without the mark of an optional one.</summary>
    internal string Text { get; }

    /// <summary>True when the server starts without it.</summary>
    internal bool IsOptional { get; }

    /// <summary>IPv6 for whatever holds a colon.</summary>
    internal AddressFamily Family => Text.Contains(':') ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    /// <summary>Reads a word of the directive; any non-empty word is an address until it is resolved.</summary>
    internal static bool TryParse(string word, out BindAddress address)
    {
        var isOptional = word.StartsWith('-');
        address = new BindAddress(isOptional ? word[1..] : word, isOptional);
        return address.Text.Length > 0;
    }

    /// <summary>The address to listen on; asks the resolver for names. Throws SocketException when there is none.</summary>
    internal IPAddress Resolve()
    {
        if (Text == "*") return IPAddress.Any;

        if (Text == "::*") return IPAddress.IPv6Any;

        return IPAddress.TryParse(Text, out var literal) && literal.AddressFamily == Family ? literal : ResolveName();
    }

    /// <inheritdoc/>
    public bool Equals(BindAddress other) => string.Equals(Text, other.Text, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BindAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Text);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private IPAddress ResolveName()
    {
        var found = Dns.GetHostAddresses(Text, Family);
        return found.Length > 0 ? found[0] : throw new SocketException((int)SocketError.HostNotFound);
    }
}
