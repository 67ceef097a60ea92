using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What the set and list commands tell of their effects.</summary>
internal sealed class SetNotificationTests
{
    private const NotifyClasses Classes = NotifyClasses.Keyspace | NotifyClasses.Set | NotifyClasses.List | NotifyClasses.Generic;

    private RecordedNotifications _told = null!;

    [OneTimeSetUp]
    public void Start() => _told = new RecordedNotifications(Classes);

    [OneTimeTearDown]
    public void Stop() => _told?.Dispose();

    [TestCase("SADD new a", "sadd new")]
    [TestCase("SADD s a", "")]
    [TestCase("SREM s a none", "srem s")]
    [TestCase("SREM s none", "")]
    [TestCase("SREM s a b c", "srem s, del s")]
    [TestCase("SPOP s", "spop s")]
    [TestCase("SPOP s 0", "")]
    [TestCase("SPOP s 5", "spop s, del s")]
    [TestCase("SMOVE s other a", "srem s, sadd other")]
    [TestCase("SMOVE s other none", "")]
    [TestCase("SMOVE s s a", "")]
    [TestCase("SMOVE one s x", "srem one, del one, sadd s")]
    [TestCase("SUNIONSTORE d s other", "sunionstore d")]
    [TestCase("SINTERSTORE d s other", "sinterstore d")]
    [TestCase("SINTERSTORE s s none", "del s")]
    [TestCase("SINTERSTORE none s none", "")]
    [TestCase("SDIFFSTORE d s other", "sdiffstore d")]
    public void A_command_tells_of_its_effects(string line, string expected) =>
        Assert.That(_told.Of(line, "SADD s a b c", "SADD other c d", "SADD one x"), Is.EqualTo(expected));

    [TestCase("LPUSH new a b", "lpush new")]
    [TestCase("RPUSH l a", "rpush l")]
    [TestCase("LPUSHX none a", "")]
    [TestCase("RPUSHX l a", "rpush l")]
    [TestCase("LPOP l", "lpop l")]
    [TestCase("LPOP l 0", "")]
    [TestCase("RPOP l 9", "rpop l, del l")]
    [TestCase("LSET l 0 x", "lset l")]
    [TestCase("LSET l 9 x", "")]
    [TestCase("LINSERT l BEFORE b x", "linsert l")]
    [TestCase("LINSERT l BEFORE none x", "")]
    [TestCase("LREM l 0 a", "lrem l")]
    [TestCase("LREM l 0 none", "")]
    [TestCase("LREM one 0 x", "lrem one, del one")]
    [TestCase("LTRIM l 0 0", "ltrim l")]
    [TestCase("LTRIM l 5 9", "ltrim l, del l")]
    [TestCase("LMOVE l other LEFT RIGHT", "rpush other, lpop l")]
    [TestCase("RPOPLPUSH one other", "lpush other, rpop one, del one")]
    [TestCase("LMOVE l l LEFT RIGHT", "rpush l, lpop l")]
    [TestCase("LMPOP 2 none l RIGHT COUNT 2", "rpop l")]
    [TestCase("BLPOP none l 0", "lpop l")]
    [TestCase("BLMPOP 0 1 one LEFT", "lpop one, del one")]
    [TestCase("BLMOVE one new LEFT LEFT 0", "lpush new, lpop one, del one")]
    [TestCase("SORT l ALPHA STORE d", "sortstore d")]
    [TestCase("SORT none STORE l", "del l")]
    public void A_list_command_tells_of_its_effects(string line, string expected) =>
        Assert.That(_told.Of(line, "RPUSH l a b c", "RPUSH other z", "RPUSH one x"), Is.EqualTo(expected));
}
