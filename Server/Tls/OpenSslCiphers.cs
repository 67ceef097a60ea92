using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace KestrelFree.Server.Tls;

// tls-ciphers and tls-ciphersuites are written in OpenSSL's language ("DEFAULT:-AES128-SHA256:@SECLEVEL=2"), the platform takes a list of
// registered suites. The library that the platform itself encrypts with knows the way from the one to the other: a context of it is given the
// words, and asked which suites they are.

/// <summary>OpenSSL's cipher lists, expanded by the library itself.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class OpenSslCiphers : IDisposable
{
    private static readonly string[] Names = ["libssl.so.3", "libssl.so.1.1", "libssl.so"];

    private readonly nint _library;

    private OpenSslCiphers(nint library) => _library = library;

    /// <summary>Finds the library; false where there is none.</summary>
    internal static bool TryLoad([NotNullWhen(true)] out OpenSslCiphers? ciphers)
    {
        foreach (var name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out var library)) continue;
            ciphers = new OpenSslCiphers(library);
            return true;
        }

        ciphers = null;
        return false;
    }

    /// <summary>
    /// Expands the two lists, of which an empty one means the library's default; false with the reason when it does not understand one.
    /// </summary>
    internal bool TryExpand(string ciphers, string cipherSuites, out List<TlsCipherSuite> suites, [NotNullWhen(false)] out string? refused)
    {
        suites = [];
        refused = null;
        var create = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(_library, "SSL_CTX_new");
        var method = (delegate* unmanaged<nint>)NativeLibrary.GetExport(_library, "TLS_method");
        var free = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(_library, "SSL_CTX_free");
        var context = create(method());
        try
        {
            if (ciphers.Length > 0 && !Set(context, "SSL_CTX_set_cipher_list", ciphers)) refused = $"Failed to configure ciphers: {ciphers}";
            else if (cipherSuites.Length > 0 && !Set(context, "SSL_CTX_set_ciphersuites", cipherSuites)) refused = $"Failed to configure ciphersuites: {cipherSuites}";
            else Collect(context, suites);
            return refused is null;
        }
        finally
        {
            free(context);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => NativeLibrary.Free(_library);

    private bool Set(nint context, string function, string list)
    {
        var set = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(_library, function);
        fixed (byte* text = Encoding.UTF8.GetBytes(list + '\0')) return set(context, text) == 1;
    }

    private void Collect(nint context, List<TlsCipherSuite> suites)
    {
        var list = ((delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(_library, "SSL_CTX_get_ciphers"))(context);
        var count = ((delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_library, "OPENSSL_sk_num"))(list);
        var item = (delegate* unmanaged<nint, int, nint>)NativeLibrary.GetExport(_library, "OPENSSL_sk_value");
        var number = (delegate* unmanaged<nint, ushort>)NativeLibrary.GetExport(_library, "SSL_CIPHER_get_protocol_id");
        for (var i = 0; i < count; i++) suites.Add((TlsCipherSuite)number(item(list, i)));
    }
}
