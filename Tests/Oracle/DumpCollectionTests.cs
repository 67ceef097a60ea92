using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>DUMP of one server, RESTORE of the other: every type in every encoding crosses over in both directions.</summary>
internal sealed class DumpCollectionTests
{
    private OraclePair _pair = null!;

    [OneTimeSetUp]
    public void StartServers()
    {
        _pair = new OraclePair();
        foreach (var server in new[] { _pair.Oracle, _pair.Ours })
        {
            using var client = server.Connect();
            foreach (var request in SampleKeys.All.SelectMany(key => key.Requests))
                client.Ask(request);
        }
    }

    [OneTimeTearDown]
    public void StopServers() => _pair?.Dispose();

    [TestCaseSource(typeof(SampleKeys), nameof(SampleKeys.All))]
    public void A_value_crosses_over_from_either_server_to_the_other(SampleKey key)
    {
        using var oracle = _pair.Oracle.Connect();
        using var ours = _pair.Ours.Connect();
        var digest = Digest(oracle, key.Name);

        Assert.That(Digest(ours, key.Name), Is.EqualTo(digest), "made by the same requests");
        Transfer(oracle, ours, key.Name, digest);
        if (key.Type != "string")
            Assert.That(ours.Ask("OBJECT", "ENCODING", "copy"), Is.EqualTo(ours.Ask("OBJECT", "ENCODING", key.Name)));
        Transfer(ours, oracle, key.Name, digest);
        Transfer(ours, ours, key.Name, digest);
    }

    private static void Transfer(RawConnection from, RawConnection to, string key, string digest)
    {
        var payload = from.AskPayload("DUMP", key);

        Assert.That(to.Ask("RESTORE", "copy", "0", payload, "REPLACE"), Is.EqualTo("+OK"));
        Assert.That(Digest(to, "copy"), Is.EqualTo(digest));
    }

    private static string Digest(RawConnection client, string key) => client.Ask("DEBUG", "DIGEST-VALUE", key);
}
