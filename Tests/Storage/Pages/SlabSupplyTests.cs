using KestrelFree.Storage;
using KestrelFree.Storage.Pages;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Pages;

/// <summary>Slabs that are prepared ahead: never handed out twice, never waited for.</summary>
public sealed class SlabSupplyTests
{
    private const int Bytes = (4 << 20) + 64;

    [Test]
    public void A_prepared_slab_is_handed_out_once()
    {
        var supply = new SlabSupply(Bytes, HugePages.Advise);
        supply.PrepareNext();
        Assert.That(() => supply.IsReady, Is.True.After(10_000, 1));

        var first = supply.Take();
        var second = supply.Take();

        Assert.That(first, Has.Length.EqualTo(Bytes));
        Assert.That(second, Has.Length.EqualTo(Bytes).And.Not.SameAs(first));
        Assert.That(supply.IsReady, Is.False);
    }

    [Test]
    public void A_slab_is_there_even_if_none_was_prepared() =>
        Assert.That(new SlabSupply(Bytes, HugePages.Advise).Take(), Has.Length.EqualTo(Bytes));

    [Test]
    public void Nothing_is_prepared_without_huge_pages()
    {
        var supply = new SlabSupply(Bytes, HugePages.Off);
        supply.PrepareNext();

        Assert.That(() => supply.IsReady, Is.False.After(50));
    }
}
