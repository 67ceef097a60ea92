using KestrelFree.Server.Introspection;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

[TestFixture]
internal sealed class RateMeterTests
{
    [Test]
    public void A_steady_counter_settles_at_its_rate()
    {
        var meter = new RateMeter();

        for (var i = 1; i <= 20; i++) meter.Sample(i * 50, i * 100);

        Assert.That(meter.PerSecond, Is.EqualTo(500).Within(0.001));
    }

    [Test]
    public void A_counter_that_stands_still_comes_to_rest()
    {
        var meter = new RateMeter();
        for (var i = 1; i <= 20; i++) meter.Sample(i * 50, i * 100);

        for (var i = 21; i <= 40; i++) meter.Sample(1000, i * 100);

        Assert.That(meter.PerSecond, Is.Zero);
    }

    [Test]
    public void A_reset_counter_does_not_make_a_negative_rate()
    {
        var meter = new RateMeter();
        meter.Sample(1000, 100);
        meter.Sample(0, 200);

        Assert.That(meter.PerSecond, Is.Zero);
    }
}
