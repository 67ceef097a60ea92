using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What the sorted set and geo commands tell of their effects.</summary>
internal sealed class ZsetNotificationTests
{
    private RecordedNotifications _told = null!;

    [OneTimeSetUp]
    public void Start() => _told = new RecordedNotifications(NotifyClasses.Keyspace | NotifyClasses.SortedSet | NotifyClasses.Generic);

    [OneTimeTearDown]
    public void Stop() => _told?.Dispose();

    [TestCase("ZADD new 1 a", "zadd new")]
    [TestCase("ZADD z 1 a", "")]
    [TestCase("ZADD z NX 2 a", "")]
    [TestCase("ZADD z 2 a 3 x", "zadd z")]
    [TestCase("ZADD z INCR 2 a", "zincr z")]
    [TestCase("ZADD z XX 2 none", "")]
    [TestCase("ZINCRBY z 1 a", "zincr z")]
    [TestCase("ZINCRBY z 0 a", "")]
    [TestCase("ZREM z a b", "zrem z")]
    [TestCase("ZREM z none", "")]
    [TestCase("ZREM z a b c", "zrem z, del z")]
    [TestCase("ZREMRANGEBYRANK z 0 0", "zremrangebyrank z")]
    [TestCase("ZREMRANGEBYRANK z 0 -1", "zremrangebyrank z, del z")]
    [TestCase("ZREMRANGEBYRANK z 5 6", "")]
    [TestCase("ZREMRANGEBYSCORE z -inf 1", "zremrangebyscore z")]
    [TestCase("ZREMRANGEBYLEX z [b [c", "zremrangebylex z")]
    [TestCase("ZPOPMIN z", "zpopmin z")]
    [TestCase("ZPOPMAX z 9", "zpopmax z, del z")]
    [TestCase("ZPOPMAX z 0", "")]
    [TestCase("ZMPOP 2 none z MIN COUNT 3", "zpopmin z, del z")]
    [TestCase("BZPOPMAX z 0", "zpopmax z")]
    [TestCase("BZMPOP 0 1 z MAX", "zpopmax z")]
    [TestCase("ZUNIONSTORE d 2 z other", "zunionstore d")]
    [TestCase("ZINTERSTORE d 2 z other", "zinterstore d")]
    [TestCase("ZINTERSTORE z 2 z none", "del z")]
    [TestCase("ZINTERSTORE none 2 z none", "")]
    [TestCase("ZDIFFSTORE d 2 z other", "zdiffstore d")]
    [TestCase("ZRANGESTORE d z 0 -1", "zrangestore d")]
    [TestCase("ZRANGESTORE other z 5 6", "del other")]
    [TestCase("GEOADD g 1 1 x", "zadd g")]
    [TestCase("GEORADIUS geo 15 37 200 km STORE d", "georadiusstore d")]
    [TestCase("GEORADIUSBYMEMBER geo Palermo 200 km STOREDIST d", "georadiusstore d")]
    [TestCase("GEORADIUS geo 90 7 1 km STORE z", "del z")]
    [TestCase("GEOSEARCHSTORE d geo FROMLONLAT 15 37 BYRADIUS 200 km", "geosearchstore d")]
    [TestCase("GEOSEARCHSTORE d none FROMLONLAT 15 37 BYRADIUS 200 km", "")]
    public void A_command_tells_of_its_effects(string line, string expected) =>
        Assert.That(_told.Of(line, "ZADD z 1 a 2 b 3 c", "ZADD other 1 c 2 d", "GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"), Is.EqualTo(expected));
}
