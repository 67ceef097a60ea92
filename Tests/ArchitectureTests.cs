using System.Reflection;
using NUnit.Framework;

namespace KestrelFree.Tests;

/// <summary>Keeps the direction of the projects' references: Protocol, then Storage, then Server; never upward.</summary>
public sealed class ArchitectureTests
{
    [TestCase("KestrelFree.Protocol", "")]
    [TestCase("KestrelFree.Storage", "KestrelFree.Protocol")]
    [TestCase("kestrel-free", "KestrelFree.Protocol,KestrelFree.Storage")]
    public void A_project_references_only_the_ones_below_it(string assembly, string allowed)
    {
        var ours = new[] { "KestrelFree.Protocol", "KestrelFree.Storage", "kestrel-free", "Benchmarks", "KestrelFree.Tests" };

        var referenced = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!).Where(ours.Contains);

        Assert.That(referenced, Is.SubsetOf(allowed.Split(',')));
    }

    [TestCase("KestrelFree.Protocol")]
    [TestCase("KestrelFree.Storage")]
    [TestCase("kestrel-free")]
    public void No_project_uses_a_web_framework(string assembly)
    {
        var referenced = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!);

        Assert.That(referenced, Has.None.StartsWith("Microsoft.AspNetCore"));
    }
}
