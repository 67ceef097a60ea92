using KestrelFree.Server.Commands;
using KestrelFree.Server.Commands.Docs;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands.Docs;

internal sealed class ArgumentSyntaxTests
{
    private static CommandArgument One(string syntax) => ArgumentSyntax.Parse(syntax).Single();

    [Test]
    public void A_lower_case_word_is_a_string() =>
        Assert.That(One("value"), Has.Property("Name").EqualTo("value").And.Property("Type").EqualTo(ArgumentType.String).And.Property("Token").Null);

    [Test]
    public void A_key_names_its_specification() =>
        Assert.That(One("key#1"), Has.Property("Type").EqualTo(ArgumentType.Key).And.Property("KeySpecIndex").EqualTo(1));

    [TestCase("NX", "nx", "NX")]
    [TestCase("'m'", "m", "m")]
    [TestCase("CH change:token", "change", "CH")]
    [TestCase("BCAST BCAST:token", "BCAST", "BCAST")]
    public void A_word_in_upper_case_or_quotes_is_a_token(string syntax, string name, string token) =>
        Assert.That(One(syntax), Has.Property("Type").EqualTo(ArgumentType.PureToken).And.Property("Name").EqualTo(name).And.Property("Token").EqualTo(token));

    [Test]
    public void An_argument_behind_a_token_belongs_to_it() =>
        Assert.That(One("EX seconds:integer"), Has.Property("Type").EqualTo(ArgumentType.Integer).And.Property("Token").EqualTo("EX").And.Property("Name").EqualTo("seconds"));

    [Test]
    public void Two_tokens_are_two_arguments() => Assert.That(ArgumentSyntax.Parse("NO ONE").Select(argument => argument.Token), Is.EqualTo(new[] { "NO", "ONE" }));

    [TestCase("[value]", ArgumentFlags.Optional)]
    [TestCase("value...", ArgumentFlags.Multiple)]
    [TestCase("[PREFIX prefix...each]", ArgumentFlags.Optional | ArgumentFlags.Multiple | ArgumentFlags.MultipleToken)]
    public void Brackets_and_dots_are_flags(string syntax, object flags) => Assert.That(One(syntax).Flags, Is.EqualTo(flags));

    [Test]
    public void Choices_and_blocks_nest()
    {
        var choice = One("[data(a{x y:double} | B | c...) @6.2.0 -7.0.0]");

        Assert.That(choice, Has.Property("Type").EqualTo(ArgumentType.OneOf).And.Property("Since").EqualTo("6.2.0").And.Property("DeprecatedSince").EqualTo("7.0.0"));
        Assert.That(choice.Arguments.Select(argument => argument.Name), Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(choice.Arguments[0].Arguments.Select(argument => argument.Type), Is.EqualTo(new[] { ArgumentType.String, ArgumentType.Double }));
        Assert.That(choice.DisplayText, Is.Null);
    }

    [TestCase("addr~'ip:port'", "ip:port")]
    [TestCase("auth~password", "password")]
    [TestCase("value", "value")]
    public void What_is_displayed_is_the_name_or_what_the_tilde_says(string syntax, string shown) => Assert.That(One(syntax).DisplayText, Is.EqualTo(shown));

    [TestCase("[value")]
    [TestCase("value]")]
    [TestCase("a(b | c")]
    [TestCase("a:nosuch")]
    [TestCase("a  b")]
    [TestCase("'open")]
    [TestCase("a(b|c)")]
    public void What_breaks_the_grammar_is_refused(string syntax) => Assert.That(() => ArgumentSyntax.Parse(syntax), Throws.InstanceOf<FormatException>());

    [Test]
    public void Every_command_that_takes_arguments_has_its_line()
    {
        var missing = All(new CommandTable(CommandFamilies.All).All).Where(command => !CommandDocs.Has(command.FullName)).Select(command => command.FullName);

        Assert.That(missing, Is.Empty, "commands that Server/Commands/Docs/command-docs.txt lacks: add a line, its head says how");
    }

    [Test]
    public void A_documented_key_is_found_by_the_specification_that_it_names()
    {
        var faults = from command in All(new CommandTable(CommandFamilies.All).All)
                     from argument in Flat(CommandDocs.Of(command.FullName).Arguments)
                     where argument.KeySpecIndex >= command.Spec.Keys.Length
                     select $"{command.FullName} {argument.Name}#{argument.KeySpecIndex}";

        Assert.That(faults, Is.Empty);
    }

    private static IEnumerable<Command> All(IEnumerable<Command> commands) => commands.SelectMany(command => All(command.Subcommands).Prepend(command));

    private static IEnumerable<CommandArgument> Flat(IEnumerable<CommandArgument> arguments) => arguments.SelectMany(argument => Flat(argument.Arguments).Prepend(argument));
}
