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
        var names = Names("maxmemory", "maxmemory*", "bind", "*of");

        Assert.That(names, Is.Unique);
        Assert.That(names, Is.SupersetOf(new[] { "maxmemory", "maxmemory-samples", "maxmemory-clients", "bind", "slaveof" }));
    }

    [Test]
    public void Hidden_directives_need_their_exact_name()
    {
        Assert.That(Names("*"), Has.None.EqualTo("key-load-delay"));
        Assert.That(Names("key-load-delay"), Has.Length.EqualTo(1));
    }

    // 7.4 shows both spellings; the suite of 7.2 tries to set whatever is shown and knows the older one only.
    [Test]
    public void The_newer_spelling_of_the_cpu_lists_needs_its_exact_name()
    {
        Assert.That(Names("server?cpulist"), Is.EqualTo(new[] { "server_cpulist" }));
        Assert.That(Names("server-cpulist"), Is.EqualTo(new[] { "server-cpulist" }));
    }

    [Test]
    public void Patterns_mind_no_case() => Assert.That(Names("PORT*"), Is.EqualTo(new[] { "port" }));

    [Test]
    public void Unknown_names_give_nothing() => Assert.That(Names("nonsense", "nonsense*"), Is.Empty);
}
