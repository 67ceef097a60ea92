using KestrelFree.Server.Config;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>The redis.conf that is shipped: every directive once, at its default.</summary>
[NonParallelizable]
public sealed class RedisConfTests
{
    // Directives that are shown in an explanation: they have no default that could be written.
    private static readonly string[] Explained = ["replicaof"];

    private static string[] Lines() => File.ReadAllLines(Repository.PathTo("redis.conf"));

    // "#name value" is a directive that is switched off; "# text" is prose.
    private static string[] Directives() =>
        [.. Lines().Where(line => line.Length > 1 && !line.StartsWith("##") && !line.StartsWith("# ")).Select(line => line.TrimStart('#'))];

    [Test]
    public void It_starts_a_server_with_the_defaults() => AssertDefaults(string.Join('\n', Lines()));

    [Test]
    public void Directives_that_are_switched_off_show_their_defaults_too() => AssertDefaults(string.Join('\n', Directives()));

    [Test]
    public void It_knows_every_directive()
    {
        var named = Directives().Select(line => line.Split(' ')[0]).ToHashSet();

        foreach (var directive in DirectiveTable.Rows)
        {
            if (!directive.Has(DirectiveFlags.Hidden) && !Explained.Contains(directive.Name))
                Assert.That(named, Does.Contain(directive.Name));
        }
    }

    [Test]
    public void Directives_stand_in_it_under_their_own_names_once()
    {
        string[] names = [.. Directives().Select(line => line.Split(' ')[0]).Where(name => name != "client-output-buffer-limit")];

        Assert.That(names, Is.Unique);
        Assert.That(names.Select(name => DirectiveTable.Find(name)?.Name), Is.EqualTo(names));
    }

    [Test]
    public void What_has_no_effect_yet_is_switched_off_in_it()
    {
        var active = Lines().Where(line => line.Length > 0 && line[0] != '#').Select(line => DirectiveTable.Find(line.Split(' ')[0])!);

        Assert.That(active.Where(directive => directive.Effect == Effect.NotYet).Select(directive => directive.Name), Is.Empty);
    }

    [Test]
    public void It_says_which_directives_are_without_effect()
    {
        foreach (var section in string.Join('\n', Lines()).Split("\n####").Skip(1))
        {
            var paragraphs = section.Split("\n\n");
            var isAll = paragraphs[1].Contains("section is without effect", StringComparison.Ordinal);
            foreach (var (paragraph, directive) in paragraphs.SelectMany(DirectivesOf))
                Assert.That(isAll || SaysWithoutEffect(paragraph), Is.EqualTo(directive.Effect == Effect.NotYet), directive.Name);
        }
    }

    private static bool SaysWithoutEffect(string paragraph) => paragraph.Contains("ithout effect", StringComparison.Ordinal);

    private static IEnumerable<(string Paragraph, Directive Directive)> DirectivesOf(string paragraph) =>
        from line in paragraph.Split('\n')
        where line.Length > 1 && !line.StartsWith("##") && !line.StartsWith("# ")
        let directive = DirectiveTable.Find(line.TrimStart('#').Split(' ')[0])
        where directive is not null
        select (paragraph, directive);

    private static void AssertDefaults(string content)
    {
        using var fixture = new ConfigFixture();
        var config = fixture.StartWithStdin(content, "-");
        var defaults = new ServerConfig();
        foreach (var directive in DirectiveTable.Rows)
            Assert.That(directive.Format(config.Values), Is.EqualTo(directive.Format(defaults.Values)), directive.Name);
    }
}
