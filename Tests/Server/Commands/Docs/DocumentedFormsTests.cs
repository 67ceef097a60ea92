using KestrelFree.Server.Commands;
using KestrelFree.Server.Commands.Docs;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands.Docs;

/// <summary>What COMMAND DOCS says of the data commands is taken: each option alone, and each of the words to choose from.</summary>
internal sealed class DocumentedFormsTests : SharedServerFixture
{
    private static readonly string[] Groups = ["string", "list", "set", "hash", "sorted-set", "stream", "bitmap", "hyperloglog", "geo", "generic"];

    // What has no sense without another option: the command, its argument (null: all that are not named here), the token that goes with it.
    private static readonly (string Command, string? Argument, string Companion)[] Together =
    [
        ("xadd", "LIMIT", "~"),
        ("xtrim", "LIMIT", "~"),
        ("zrange", "LIMIT", "BYSCORE"),
        ("zrangestore", "LIMIT", "BYSCORE"),
        ("geosearch", "BYPOLYGON", "BYPOLYGON"),
        ("geosearch", null, "FROMMEMBER"),
        ("geosearchstore", "BYPOLYGON", "BYPOLYGON"),
        ("geosearchstore", null, "FROMMEMBER"),
    ];

    private static IEnumerable<string> Commands =>
        Specs.SelectMany(static spec => spec.Subcommands.Length == 0 ? [spec.Name] : spec.Subcommands.Select(inner => $"{spec.Name}|{inner.Name}"));

    private static IEnumerable<CommandSpec> Specs => CommandFamilies.All.SelectMany(static table => table).Where(static spec => Groups.Contains(spec.Group));

    [TestCaseSource(nameof(Commands))]
    public void Each_documented_form_is_taken(string command)
    {
        var arguments = CommandDocs.Of(command).Arguments;
        var refused = new List<string>();
        foreach (var wanted in arguments.SelectMany(WithInner).Prepend(null))
        {
            var form = Form(command, arguments, wanted);
            Fill(command);
            var reply = Client.Ask(form);
            if (IsAboutForm(reply)) refused.Add($"{string.Join(' ', form)} {reply}");
        }

        Assert.That(refused, Is.Empty);
    }

    private static bool IsAboutForm(string reply) => reply.StartsWith('-')
        && ((string[])["syntax error", "nknown", "wrong number of", "Mandatory", "must match"]).Any(words => reply.Contains(words, StringComparison.Ordinal));

    private static string[] Form(string command, IReadOnlyList<CommandArgument> arguments, CommandArgument? wanted)
    {
        var alone = Words(arguments, [wanted]);
        var companion = Together.FirstOrDefault(row => row.Command == command && (row.Argument is null || alone.Contains(row.Argument))).Companion;
        return [.. command.Split('|'), .. companion is null ? alone : Words(arguments, [wanted, .. arguments.SelectMany(WithInner).Where(inner => inner.Token == companion)])];
    }

    private static string[] Words(IReadOnlyList<CommandArgument> arguments, CommandArgument?[] chosen) => [.. arguments.SelectMany(argument => Words(argument, chosen))];

    private static IEnumerable<CommandArgument> WithInner(CommandArgument argument) => argument.Arguments.SelectMany(WithInner).Prepend(argument);

    private static IEnumerable<string> Words(CommandArgument argument, CommandArgument?[] chosen)
    {
        if (argument.Flags.HasFlag(ArgumentFlags.Optional) && !Holds(argument, chosen)) return [];
        var words = argument.Type switch
        {
            ArgumentType.PureToken => [argument.Token!],
            ArgumentType.OneOf => Words(Choice(argument, chosen), chosen),
            ArgumentType.Block => argument.Arguments.SelectMany(inner => Words(inner, chosen)),
            _ => [Sample(argument)],
        };
        if (argument.Name == "vertices") words = ["12", "36", "16", "36", "16", "39"];
        return argument.Token is null || argument.Type == ArgumentType.PureToken ? words : words.Prepend(argument.Token);
    }

    private static CommandArgument Choice(CommandArgument argument, CommandArgument?[] chosen) =>
        chosen.Select(one => argument.Arguments.FirstOrDefault(inner => Holds(inner, [one]))).FirstOrDefault(static inner => inner is not null) ?? argument.Arguments[0];

    private static bool Holds(CommandArgument argument, CommandArgument?[] chosen) => WithInner(argument).Any(inner => chosen.Any(one => ReferenceEquals(one, inner)));

    private static string Sample(CommandArgument argument) => (argument.Type, argument.Name) switch
    {
        (ArgumentType.Key, _) => "k",
        (_, "numkeys" or "numfields" or "numids" or "bit") => "1",
        (_, "num-vertices") => "3",
        (ArgumentType.Integer, "value") => "1",
        (ArgumentType.Integer, _) => "5",
        (ArgumentType.Double, _) => "1.5",
        (ArgumentType.UnixTime, _) => "99999999999",
        (ArgumentType.Pattern, _) => "*",
        (_, "min" or "max" or "start" or "end" or "stop") => "0",
        (_, "ID" or "id" or "new-id" or "lastid" or "last-id" or "max-deleted-id") => "1-1",
        (_, "min-idle-time") => "0",
        (_, "threshold") => "5",
        (_, "encoding") => "u8",
        (_, "subcommand") => "encoding",
        (_, "ifdeq-digest" or "ifdne-digest") => "0123456789abcdef",
        (_, "group" or "member") => argument.Name[..1],
        _ => argument.Name,
    };

    private void Fill(string command)
    {
        Client.Ask("DEL", "k");
        var group = Specs.First(spec => spec.Name == command.Split('|')[0]).Group;
        Client.AskLine(group switch
        {
            "string" or "bitmap" => "SET k 5",
            "set" => "SADD k m",
            "hash" => "HSET k f 1",
            "sorted-set" => "ZADD k 1 m",
            "stream" => "XADD k 0-5 f v",
            "hyperloglog" => "PFADD k a",
            "geo" => "GEOADD k 1 1 m",
            _ => "RPUSH k 1",
        });
        if (group == "stream") Client.AskLine("XGROUP CREATE k g 0");
    }
}
