using System.Reflection;
using KestrelFree.Server.Config;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>The table of directives against what a server of late 2024 reported (directives.tsv), and against itself.</summary>
public sealed class DirectiveTableTests
{
    // Directives of ours, and those that only this file's recording lacks.
    private static readonly string[] Ours = ["event-backend", "rehearsal", "log-format", "metrics-port", "aof-load-corrupt-tail-max-size"];

    private sealed record Recorded(string Name, string Default, string Mutability, string BogusError, string RangeError);

    private static IEnumerable<Recorded> Recording()
    {
        var path = Repository.PathTo("Tests", "Server", "Config", "directives.tsv");
        return File.ReadLines(path).Skip(1).Select(line => line.Split('\t'))
            .Select(f => new Recorded(f[0], f[1], f[2], f.ElementAtOrDefault(3) ?? "", f.ElementAtOrDefault(4) ?? ""));
    }

    private static IEnumerable<TestCaseData> Named(IEnumerable<Recorded> rows) =>
        rows.Select(recorded => new TestCaseData(recorded).SetArgDisplayNames(recorded.Name));

    private static IEnumerable<TestCaseData> All() => Named(Recording());

    // The recording server was started with other values of these.
    private static IEnumerable<TestCaseData> WithDefault() => Named(Recording().Where(r => r.Name is not ("port" or "dir" or "save")));

    // "string" stands for a directive that takes any text; bind shows only when it is applied that an address is none; policies have been added
    // since.
    private static IEnumerable<TestCaseData> WithError() =>
        Named(Recording().Where(r => r.BogusError is not ("" or "string") && r.Name is not ("bind" or "maxmemory-policy")));

    private static IEnumerable<TestCaseData> WithBounds() => Named(Recording().Where(r => r.RangeError.Contains("between")));

    [TestCaseSource(nameof(WithDefault))]
    public void A_recorded_directive_has_its_default(object row)
    {
        var recorded = (Recorded)row;
        Assert.That(new ServerConfig().Format(recorded.Name), Is.EqualTo(recorded.Default));
    }

    [TestCaseSource(nameof(All))]
    public void A_recorded_directive_may_be_changed_as_recorded(object row)
    {
        var recorded = (Recorded)row;
        var directive = DirectiveTable.Find(recorded.Name)!;

        Assert.That(directive.Has(DirectiveFlags.Immutable), Is.EqualTo(recorded.Mutability == "immutable"));
        Assert.That(directive.Has(DirectiveFlags.Protected), Is.EqualTo(recorded.Mutability == "protected"));
    }

    [TestCaseSource(nameof(WithError))]
    public void A_recorded_directive_refuses_nonsense_as_recorded(object row)
    {
        var recorded = (Recorded)row;
        Assert.That(new ServerConfig().Set(recorded.Name, "bogus!"), Is.EqualTo(recorded.BogusError));
    }

    [TestCaseSource(nameof(WithBounds))]
    public void A_recorded_directive_has_its_bounds(object row)
    {
        var recorded = (Recorded)row;
        var words = recorded.RangeError.Split(' ');
        var lowest = Int128.Parse(words[4]);
        var highest = Int128.Parse(words[6]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(new ServerConfig().Set(recorded.Name, $"{lowest}"), Is.Null);
            Assert.That(new ServerConfig().Set(recorded.Name, $"{highest}"), Is.Null);
            if (lowest > long.MinValue)
                Assert.That(new ServerConfig().Set(recorded.Name, $"{lowest - 1}"), Is.EqualTo(recorded.RangeError));
            if (highest < long.MaxValue)
                Assert.That(new ServerConfig().Set(recorded.Name, $"{highest + 1}"), Is.EqualTo(recorded.RangeError));
        }
    }

    [Test]
    public void Every_visible_directive_is_recorded_or_ours()
    {
        var recorded = Recording().Select(row => row.Name).ToHashSet();

        foreach (var directive in DirectiveTable.Rows)
        {
            if (!directive.Has(DirectiveFlags.Hidden) && !Ours.Contains(directive.Name))
                Assert.That(recorded, Does.Contain(directive.Name));
        }
    }

    [Test]
    public void A_default_assigned_again_changes_nothing()
    {
        var config = new ServerConfig();
        foreach (var directive in DirectiveTable.Rows)
        {
            var value = directive.Format(config.Values);
            var arguments = directive.Has(DirectiveFlags.MultiArgument) ? value.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [value];
            if (directive.Name == "replicaof") continue;

            Assert.That(config.Set(directive.Name, arguments), Is.Null, directive.Name);
            Assert.That(directive.Format(config.Values), Is.EqualTo(value), directive.Name);
        }
    }

    [Test]
    public void Every_typed_property_of_the_configuration_reads()
    {
        var config = new ServerConfig();
        foreach (var property in typeof(ServerConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            Assert.That(() => property.GetValue(config), Throws.Nothing, property.Name);
    }

    [Test]
    public void Every_slot_is_named_after_its_directive()
    {
        foreach (var field in typeof(ConfigSlots).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var directive = DirectiveTable.Rows[(int)field.GetValue(null)!].Name.Replace("-", "").Replace("_", "");

            Assert.That(field.Name.ToLowerInvariant(), Does.StartWith(directive));
        }
    }
}
