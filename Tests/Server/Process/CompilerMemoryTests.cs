using KestrelFree.Server.Hosting;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

/// <summary>When the compiler's memory is given back.</summary>
internal sealed class CompilerMemoryTests
{
    [Test]
    public void Nothing_is_given_back_while_methods_are_compiled()
    {
        using var memory = new CompilerMemory();

        Assert.That(Looks(memory, 10, 20, 21, 300), Is.EqualTo("- - - -"));
    }

    [Test]
    public void What_was_kept_is_given_back_in_three_rounds_when_compiling_has_come_to_rest()
    {
        using var memory = new CompilerMemory();

        Assert.That(Looks(memory, 10, 20, 20, 20, 20, 20, 20), Is.EqualTo("- - due due due - -"));
    }

    [Test]
    public void A_method_that_is_compiled_meanwhile_begins_the_rounds_anew()
    {
        using var memory = new CompilerMemory();

        Assert.That(Looks(memory, 10, 10, 11, 11, 11, 11, 11), Is.EqualTo("- due - due due due -"));
    }

    [Test]
    public void Without_compiling_there_is_nothing_to_give_back()
    {
        using var memory = new CompilerMemory();

        Assert.That(Looks(memory, 0, 0, 0), Is.EqualTo("- - -"));
    }

    [Test]
    public void Giving_back_works_whatever_there_is()
    {
        Assert.That(CompilerMemory.GiveBack, Throws.Nothing);
    }

    private static string Looks(CompilerMemory memory, params long[] compiled) => string.Join(' ', compiled.Select(count => memory.IsDue(count) ? "due" : "-"));
}
