using KestrelFree.Storage;
using KestrelFree.Tests.Storage.Rdb;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>Payloads of servers before 7.0 are read by both servers, to the same value.</summary>
internal sealed class OlderPayloadTests : OracleFixture
{
    private static readonly string[] Elements = ["f", "0", "g", "12", "h", "13", "i", "-128", "j", "-32768", "k", "8388607", "l", "-2147483648", "m", "9223372036854775807", "n", new string('x', 63), "o", new string('y', 64)];
    private static readonly string[] LongElements = [new string('f', 253), new string('v', 20_000), new string('g', 300), "v"];

    private static IEnumerable<TestCaseData> Bodies()
    {
        yield return Case("hash in a ziplist", OlderEncodings.Body((int)RdbType.HashZiplist, OlderEncodings.Ziplist(Elements)));
        yield return Case("hash of long values in a ziplist", OlderEncodings.Body((int)RdbType.HashZiplist, OlderEncodings.Ziplist(LongElements)));
        yield return Case("hash of many in a ziplist", OlderEncodings.Body((int)RdbType.HashZiplist, OlderEncodings.Ziplist(Many(2000))));
        yield return Case("list in a ziplist", OlderEncodings.Body((int)RdbType.ListZiplist, OlderEncodings.Ziplist(Elements)));
        yield return Case("list of long elements in a ziplist", OlderEncodings.Body((int)RdbType.ListZiplist, OlderEncodings.Ziplist(LongElements)));
        yield return Case("list in ziplists", OlderEncodings.Counted((int)RdbType.ListQuicklist, OlderEncodings.Ziplist(Elements), OlderEncodings.Ziplist(LongElements), OlderEncodings.Ziplist("x")));
        yield return Case("list in one ziplist of a quicklist", OlderEncodings.Counted((int)RdbType.ListQuicklist, OlderEncodings.Ziplist(Elements)));
        yield return Case("list element by element", OlderEncodings.Counted((int)RdbType.List, [.. Elements.Concat(LongElements).Select(ByteText.Bytes)]));
        yield return Case("sorted set in a ziplist", OlderEncodings.Body((int)RdbType.ZsetZiplist, OlderEncodings.Ziplist("a", "-inf", "b", "-1.5", "c", "0", "d", "12", "e", "1e+20", "f", "inf")));
        yield return Case("sorted set of many in a ziplist", OlderEncodings.Body((int)RdbType.ZsetZiplist, OlderEncodings.Ziplist(Enumerable.Range(0, 600).SelectMany(i => new[] { $"m{i}", $"{i}" }).ToArray())));
        yield return Case("sorted set with scores as text", [(byte)RdbType.ZsetText, 3, 1, (byte)'a', 3, .. "2.5"u8, 1, (byte)'b', 254, 1, (byte)'c', 255]);
        yield return Case("hash in a zipmap", OlderEncodings.Body((int)RdbType.HashZipmap, OlderEncodings.Zipmap(0, Elements)));
        yield return Case("hash of long values in a zipmap", OlderEncodings.Body((int)RdbType.HashZipmap, OlderEncodings.Zipmap(3, LongElements)));
        yield return Case("hash of many in a zipmap", OlderEncodings.Body((int)RdbType.HashZipmap, OlderEncodings.Zipmap(1, Many(600))));
    }

    [TestCaseSource(nameof(Bodies))]
    public void It_is_read_as_by_the_oracle(byte[] body)
    {
        string[] requests = ["FLUSHALL", "RESTORE", "TYPE k", "OBJECT ENCODING k", "DEBUG DIGEST-VALUE k"];
        var payload = DumpPayloads.Signed(ByteText.Text(body), 9);

        var ours = Replies(Pair.Ours, requests, payload);

        // Small lists are listpacks since 7.2.
        if (ours[2] == "+list") ours[3] = "$\"quicklist\"";
        Assert.That(ours, Is.EqualTo(Replies(Pair.Oracle, requests, payload)));
        Assert.That(ours[1], Is.EqualTo("+OK"));
    }

    private static string[] Replies(ServerProcess server, string[] requests, string payload)
    {
        using var client = server.Connect();
        return [.. requests.Select(request => request == "RESTORE" ? client.Ask("RESTORE", "k", "0", payload) : client.AskLine(request))];
    }

    private static string[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? $"{i}" : $"element {i}")];

    private static TestCaseData Case(string name, byte[] body) => new TestCaseData(body).SetArgDisplayNames(name);
}
