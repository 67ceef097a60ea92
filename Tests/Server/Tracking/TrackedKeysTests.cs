using KestrelFree.Server.Tracking;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Tracking;

/// <summary>The invalidation table against sets of pairs.</summary>
internal sealed class TrackedKeysTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(33)]
    [TestCase(34)]
    [TestCase(1000)]
    public void A_key_that_goes_names_everybody_who_holds_it_once(int clients)
    {
        var tracked = new TrackedKeys();
        for (var again = 0; again < 2; again++)
        {
            for (var id = 1; id <= clients; id++) tracked.Add("k"u8, id);
        }

        tracked.Add("other"u8, 5);

        Assert.That((tracked.KeyCount, tracked.PairCount), Is.EqualTo((2, clients + 1L)));
        Assert.That(tracked.Remove("k"u8, out var first, out var others), Is.True);
        Assert.That((others ?? []).Prepend(first), Is.EquivalentTo(Enumerable.Range(1, clients).Select(id => (long)id)));
        Assert.That((tracked.KeyCount, tracked.PairCount), Is.EqualTo((1, 1L)));
        Assert.That(tracked.Remove("k"u8, out _, out _), Is.False);
    }
}
