using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What the string commands tell of their effects.</summary>
internal sealed class StringNotificationTests
{
    private RecordedNotifications _told = null!;

    [OneTimeSetUp]
    public void Start() => _told = new RecordedNotifications(NotifyClasses.Keyspace | NotifyClasses.String | NotifyClasses.Generic);

    [OneTimeTearDown]
    public void Stop() => _told?.Dispose();

    [TestCase("SET k v", "set k")]
    [TestCase("SET k v EX 100", "set k, expire k")]
    [TestCase("SET k v KEEPTTL", "set k")]
    [TestCase("SET text v NX", "")]
    [TestCase("SET text v IFEQ other", "")]
    [TestCase("SET text v IFEQ hello PX 100000", "set text, expire text")]
    [TestCase("SETNX k v", "set k")]
    [TestCase("SETNX text v", "")]
    [TestCase("SETEX k 100 v", "set k, expire k")]
    [TestCase("PSETEX k 100000 v", "set k, expire k")]
    [TestCase("GETSET text v", "set text")]
    [TestCase("GETDEL text", "del text")]
    [TestCase("GETDEL k", "")]
    [TestCase("GETEX text", "")]
    [TestCase("GETEX text EX 100", "expire text")]
    [TestCase("GETEX text PERSIST", "")]
    [TestCase("GETEX volatile PERSIST", "persist volatile")]
    [TestCase("GETEX text PXAT 1", "del text")]
    [TestCase("MSET a 1 b 2", "set a, set b")]
    [TestCase("MSETNX a 1 b 2", "set a, set b")]
    [TestCase("MSETNX a 1 text 2", "")]
    [TestCase("MSETEX 2 a 1 b 2 EX 100", "set a, expire a, set b, expire b")]
    [TestCase("APPEND text x", "append text")]
    [TestCase("SETRANGE text 1 x", "setrange text")]
    [TestCase("INCR n", "incrby n")]
    [TestCase("DECRBY n 5", "incrby n")]
    [TestCase("INCR text", "")]
    [TestCase("INCRBYFLOAT n 0.5", "incrbyfloat n")]
    [TestCase("DELEX text IFEQ hello", "del text")]
    [TestCase("DELEX text IFNE hello", "")]
    [TestCase("RESTORE k 0 \"\\x00\\xc0\\n\\n\\x00n\\x9fWE\\x0e\\xaec\\xbb\"", "restore k")]
    [TestCase("RESTORE text 0 \"\\x00\\xc0\\n\\n\\x00n\\x9fWE\\x0e\\xaec\\xbb\" REPLACE", "restore text")]
    [TestCase("RESTORE text 1 \"\\x00\\xc0\\n\\n\\x00n\\x9fWE\\x0e\\xaec\\xbb\" ABSTTL REPLACE", "del text")]
    [TestCase("RESTORE k 1 \"\\x00\\xc0\\n\\n\\x00n\\x9fWE\\x0e\\xaec\\xbb\" ABSTTL", "")]
    public void A_command_tells_of_its_effects(string line, string expected) =>
        Assert.That(_told.Of(line, "SET text hello", "SET volatile v EX 1000", "SET n 10"), Is.EqualTo(expected));
}
