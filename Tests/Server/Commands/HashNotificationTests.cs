using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What the hash commands tell of their effects.</summary>
internal sealed class HashNotificationTests
{
    private RecordedNotifications _told = null!;

    [OneTimeSetUp]
    public void Start() => _told = new RecordedNotifications(NotifyClasses.Keyspace | NotifyClasses.Hash | NotifyClasses.Generic);

    [OneTimeTearDown]
    public void Stop() => _told?.Dispose();

    [TestCase("HSET new f v", "hset new")]
    [TestCase("HSET h f 1 k 2", "hset h")]
    [TestCase("HMSET h f 1", "hset h")]
    [TestCase("HSETNX h x 1", "hset h")]
    [TestCase("HSETNX h f 1", "")]
    [TestCase("HINCRBY h n 1", "hincrby h")]
    [TestCase("HINCRBY h f 1", "")]
    [TestCase("HINCRBYFLOAT h n 0.5", "hincrbyfloat h")]
    [TestCase("HDEL h f none", "hdel h")]
    [TestCase("HDEL h none", "")]
    [TestCase("HDEL one f", "hdel one, del one")]
    [TestCase("HGETDEL h FIELDS 2 f none", "hdel h")]
    [TestCase("HGETDEL h FIELDS 1 none", "")]
    [TestCase("HGETDEL one FIELDS 1 f", "hdel one, del one")]
    [TestCase("HSETEX h FIELDS 1 f v", "hset h")]
    [TestCase("HSETEX h EX 1000 FIELDS 1 f v", "hset h, hexpire h")]
    [TestCase("HSETEX h FNX EX 1000 FIELDS 1 f v", "")]
    [TestCase("HSETEX one PXAT 1 FIELDS 1 f v", "hset one, hdel one, del one")]
    [TestCase("HGETEX h FIELDS 1 f", "")]
    [TestCase("HGETEX h EX 1000 FIELDS 1 f", "hexpire h")]
    [TestCase("HGETEX h EX 1000 FIELDS 1 none", "")]
    [TestCase("HGETEX volatile PERSIST FIELDS 1 f", "hpersist volatile")]
    [TestCase("HGETEX h PERSIST FIELDS 1 f", "")]
    [TestCase("HGETEX one PXAT 1 FIELDS 1 f", "hdel one, del one")]
    [TestCase("HEXPIRE h 1000 FIELDS 2 f n", "hexpire h")]
    [TestCase("HPEXPIRE h 1000 XX FIELDS 1 f", "")]
    [TestCase("HEXPIREAT one 1 FIELDS 1 f", "hdel one, del one")]
    [TestCase("HPEXPIREAT h 0 FIELDS 1 f", "hdel h")]
    [TestCase("HPERSIST volatile FIELDS 1 f", "hpersist volatile")]
    [TestCase("HPERSIST h FIELDS 1 f", "")]
    [TestCase("HTTL h FIELDS 1 f", "")]
    public void A_command_tells_of_its_effects(string line, string expected) =>
        Assert.That(_told.Of(line, "HSET h f v n 1", "HSET one f v", "HSET volatile f v", "HEXPIRE volatile 1000 FIELDS 1 f"), Is.EqualTo(expected));
}
