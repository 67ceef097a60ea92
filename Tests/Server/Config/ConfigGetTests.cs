using KestrelFree.Server.Config;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>CONFIG GET: names, aliases, patterns.</summary>
public sealed class ConfigGetTests
{
    private static string[] Names(params string[] patterns) => [.. ConfigGet.Collect(new ServerConfig(), patterns).Select(row => row.Key)];

    [Test]
    public void A_pattern_finds_names_and_aliases() => Assert.That(Names("*of"), Is.EquivalentTo(new[] { "replicaof", "slaveof" }));

    [Test]
    public void A_name_is_answered_as_it_was_written() => Assert.That(Names("MaxMemory"), Is.EqualTo(new[] { "MaxMemory" }));

    [Test]
    public void Several_patterns_give_each_name_once()
    {
        string[] names = Names("maxmemory", "maxmemory*", "bind", "*of");

        Assert.That(names, Is.Unique);
        Assert.That(names, Is.SupersetOf(new[] { "maxmemory", "maxmemory-samples", "maxmemory-clients", "bind", "slaveof" }));
    }

    [Test]
    public void Hidden_directives_need_their_exact_name()
    {
        Assert.That(Names("*"), Has.None.EqualTo("key-load-delay"));
        Assert.That(Names("key-load-delay"), Has.Length.EqualTo(1));
    }

    [Test]
    public void Patterns_mind_no_case() => Assert.That(Names("PORT*"), Is.EqualTo(new[] { "port" }));

    [Test]
    public void Unknown_names_give_nothing() => Assert.That(Names("nonsense", "nonsense*"), Is.Empty);
}
