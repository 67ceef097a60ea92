using System.Text;

namespace KestrelFree.Tests.Support;

/// <summary>Builds requests without the product's own encoder.</summary>
internal static class RequestBytes
{
    /// <summary>A multibulk request of arguments that hold one byte per char.</summary>
    public static byte[] Of(params IReadOnlyList<string> arguments)
    {
        var text = new StringBuilder().Append('*').Append(arguments.Count).Append("\r\n");
        foreach (var argument in arguments)
            text.Append('$').Append(argument.Length).Append("\r\n").Append(argument).Append("\r\n");

        return ByteText.Bytes(text.ToString());
    }

    /// <summary>Several requests, one after the other.</summary>
    public static byte[] Pipeline(IEnumerable<IReadOnlyList<string>> requests) => [.. requests.SelectMany(request => Of(request))];
}
