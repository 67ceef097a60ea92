using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

/// <summary>The requests of one client: what sets the stage, what is tried, and what is asked about the outcome.</summary>
internal sealed record Script(
    IReadOnlyList<IReadOnlyList<string>> Prelude, IReadOnlyList<IReadOnlyList<string>> Body, IReadOnlyList<IReadOnlyList<string>> Questions)
{
    /// <summary>All requests in order.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Requests { get; } = [.. Prelude, .. Body, .. Questions];

    /// <summary>The requests as lines that redis-cli takes.</summary>
    public override string ToString() => string.Join('\n', Requests.Select(Line));

    /// <summary>One request as a line; long arguments are cut.</summary>
    public static string Line(IReadOnlyList<string> request) => string.Join(' ', request.Select(Argument));

    private static string Argument(string argument)
    {
        var text = ByteText.Argument(ByteText.Bytes(argument));
        return text.Length <= 220 ? text : $"{text[..60]}...({argument.Length} bytes)";
    }
}
