using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>DUMP and RESTORE of what the oracle cannot have: hashes whose fields expire.</summary>
internal sealed class DumpCommandsTests : InProcessFixture
{
    [TestCase(3, "listpackex", 25)]
    [TestCase(1000, "hashtable", 24)]
    public void Fields_keep_their_expiries(int count, string encoding, int type)
    {
        Client.Ask(["HSET", "h", .. Enumerable.Range(0, count).SelectMany(i => new[] { $"f{i}", $"{i}" })]);
        Client.AskLine("HPEXPIREAT h 33177117420000 FIELDS 1 f1");
        Client.AskLine("HPEXPIREAT h 33177117420999 FIELDS 1 f0");

        var payload = Client.AskPayload("DUMP", "h");

        Assert.That((int)payload[0], Is.EqualTo(type));
        Assert.That((int)payload[^10], Is.EqualTo(12));
        Assert.That(Client.Ask("RESTORE", "copy", "0", payload), Is.EqualTo("+OK"));
        Assert.That(Client.AskLine("OBJECT ENCODING copy"), Is.EqualTo($"$\"{encoding}\""));
        Assert.That(Client.AskLine("HPEXPIRETIME copy FIELDS 3 f0 f1 f2"), Is.EqualTo("*3\n  :33177117420999\n  :33177117420000\n  :-1"));
        Assert.That(Client.AskLine("HLEN copy"), Is.EqualTo($":{count}"));
    }

    [TestCase(3)]
    [TestCase(1000)]
    public void A_hash_whose_fields_no_longer_expire_is_dumped_for_older_servers(int count)
    {
        Client.Ask(["HSET", "h", .. Enumerable.Range(0, count).SelectMany(i => new[] { $"f{i}", $"{i}" })]);
        Client.AskLine("HPEXPIREAT h 33177117420000 FIELDS 1 f1");
        Client.AskLine("HPERSIST h FIELDS 1 f1");

        var payload = Client.AskPayload("DUMP", "h");

        Assert.That((int)payload[0], Is.EqualTo(4));
        Assert.That((int)payload[^10], Is.EqualTo(10));
    }

    [TestCase(3)]
    [TestCase(1000)]
    public void A_restored_field_expires(int count)
    {
        Client.Ask(["HSET", "h", .. Enumerable.Range(0, count).SelectMany(i => new[] { $"f{i}", $"{i}" })]);
        Client.AskLine("HPEXPIRE h 1000 FIELDS 1 f1");
        var payload = Client.AskPayload("DUMP", "h");
        Client.AskLine("DEL h");
        Client.Ask("RESTORE", "copy", "0", payload);

        // Without anybody who asks for it.
        Eventually.True(() => Client.InfoNumber("expired_subkeys") == 1, () => "the field is still there");
        Assert.That(Client.AskLine("HLEN copy"), Is.EqualTo($":{count - 1}"));
    }
}
