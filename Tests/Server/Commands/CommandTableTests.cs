using System.Text;
using KestrelFree.Server.Commands;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

[TestFixture]
internal sealed class CommandTableTests
{
    private static CommandSpec Spec(string name, string group = "server", CommandFlags flags = CommandFlags.None) =>
        new(name, static (_, in _) => { }) { Arity = 1, Since = "1.0.0", Group = group, Flags = flags };

    private static Command? Find(CommandTable table, string name) => table.Find(Encoding.ASCII.GetBytes(name));

    [Test]
    public void Every_command_is_found_in_any_case()
    {
        var table = new CommandTable(CommandFamilies.All);

        foreach (var command in table.All)
        {
            Assert.That(Find(table, command.Spec.Name), Is.SameAs(command));
            Assert.That(Find(table, command.Spec.Name.ToUpperInvariant()), Is.SameAs(command));
        }
    }

    [TestCase("")]
    [TestCase("ge")]
    [TestCase("gett")]
    [TestCase("get\0")]
    [TestCase("a-name-that-is-longer-than-any-command-has")]
    public void A_name_that_no_command_has_finds_nothing(string name) =>
        Assert.That(Find(new CommandTable(CommandFamilies.All), name), Is.Null);

    [Test]
    public void Names_that_share_their_first_eight_bytes_are_told_apart()
    {
        var table = new CommandTable([Spec("zremrangebylex"), Spec("zremrangebyrank"), Spec("zremrangebyscore")]);

        Assert.That(Find(table, "ZREMRANGEBYRANK")!.Spec.Name, Is.EqualTo("zremrangebyrank"));
    }

    [Test]
    public void A_command_declared_twice_is_refused() =>
        Assert.That(() => new CommandTable([Spec("get"), Spec("get")]), Throws.InvalidOperationException.With.Message.Contains("get is declared twice"));

    [Test]
    public void A_data_command_without_key_specification_is_refused() =>
        Assert.That(
            () => new CommandTable([Spec("get", "string", CommandFlags.ReadOnly)]),
            Throws.InvalidOperationException.With.Message.Contains("no key specification"));

    [Test]
    public void A_subcommand_declared_twice_is_refused()
    {
        CommandSpec[] family = [new("client", [Spec("id"), Spec("id")]) { Arity = -2, Since = "1.0.0", Group = "connection" }];

        Assert.That(() => new CommandTable(family), Throws.InvalidOperationException.With.Message.Contains("client|id is declared twice"));
    }

    [Test]
    public void A_command_that_reads_only_and_writes_is_refused() =>
        Assert.That(
            () => new CommandTable([Spec("odd", flags: CommandFlags.Write | CommandFlags.ReadOnly)]),
            Throws.InvalidOperationException.With.Message.Contains("reads only and writes"));

    [Test]
    public void Consecutive_key_specifications_make_one_range()
    {
        var spec = new CommandSpec("rename", static (_, in _) => { })
        {
            Arity = 3, Since = "1.0.0", Group = "generic", Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite), KeySpec.One(2, KeySpecFlags.Overwrite)],
        };

        Assert.That(new Command(spec, container: null).Keys, Is.EqualTo((1, 2, 1)));
    }

    [Test]
    public void A_keyword_specification_makes_keys_movable()
    {
        var keys = new KeySpec { Begin = BeginSearch.Keyword, Keyword = "STREAMS", Index = 1, LastKey = -1, Limit = 2 };
        var spec = new CommandSpec("xread", static (_, in _) => { }) { Arity = -4, Since = "5.0.0", Group = "stream", Keys = [keys] };

        var command = new Command(spec, container: null);

        Assert.That(command.Flags & CommandFlags.MovableKeys, Is.EqualTo(CommandFlags.MovableKeys));
        Assert.That(command.Keys, Is.EqualTo((0, 0, 0)));
    }
}
