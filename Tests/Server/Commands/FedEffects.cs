using System.Text;
using System.Text.RegularExpressions;
using KestrelFree.Server.Commands;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>Records what is fed, each effect as a line that begins with its database.</summary>
internal sealed partial class FedEffects : IPropagationTarget
{
    private readonly List<string> _lines = [];
    private string _database = "";

    /// <summary>What was fed since the last call.</summary>
    internal string[] Take()
    {
        var lines = _lines.ToArray();
        _lines.Clear();
        return lines;
    }

    /// <inheritdoc/>
    public void Feed(int database, ReadOnlySpan<byte> request) =>
        _lines.Add(Line(database == Propagation.AnyDatabase ? "" : $"{database}", Requests(request.ToArray()).Single()));

    /// <summary>Records an append-only file's bytes, SELECT resolved.</summary>
    internal void FeedFile(byte[] file)
    {
        foreach (var request in Requests(file))
        {
            if (request[0].Equals("SELECT", StringComparison.OrdinalIgnoreCase)) _database = request[1];
            else _lines.Add(Line(request[0] is "MULTI" or "EXEC" ? "" : _database, request));
        }
    }

    /// <summary>The requests in an append-only file or the like.</summary>
    internal static IEnumerable<string[]> Requests(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var request = new string[Number(bytes, ref at)];
            for (var i = 0; i < request.Length; i++)
            {
                var length = Number(bytes, ref at);
                request[i] = ByteText.Text(bytes.AsSpan(at, length));
                at += length + 2;
            }

            yield return request;
        }
    }

    // Times of about now differ between two runs; how words are written does not matter.
    private static string Line(string database, string[] request)
    {
        var line = new StringBuilder(database).Append(' ').Append(request[0].ToUpperInvariant());
        foreach (var argument in request.Skip(1)) line.Append(' ').Append(Now().Replace(argument.ToLowerInvariant(), "<now>"));
        return line.ToString();
    }

    private static int Number(byte[] bytes, ref int at)
    {
        var end = bytes.AsSpan(at).IndexOf("\r\n"u8) + at;
        var number = int.Parse(Encoding.ASCII.GetString(bytes, at + 1, end - at - 1));
        at = end + 2;
        return number;
    }

    [GeneratedRegex(@"^1[6-9]\d{11}(-\d+)?$")]
    private static partial Regex Now();
}
