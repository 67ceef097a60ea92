using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

// SCAN and its kin go by the hash. So somebody who runs the same executable at home sees in which order his names lie there, which is all
// that choosing names that collide takes; here the order must be another one.

/// <summary>Two processes of the executable hash under different keys.</summary>
internal sealed class HashFloodTests
{
    private const int Names = 600;

    private ServerProcess _one = null!;
    private ServerProcess _other = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _one = KestrelFreeProcess.Start();
        _other = KestrelFreeProcess.Start();
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _one?.Dispose();
        _other?.Dispose();
    }

    [TestCase("SCAN", "SET")]
    [TestCase("SSCAN", "SADD")]
    [TestCase("HSCAN", "HSET")]
    [TestCase("ZSCAN", "ZADD")]
    public void What_lies_side_by_side_in_one_process_does_not_in_another(string scan, string add)
    {
        var (here, there) = (Order(_one, scan, add), Order(_other, scan, add));

        Assert.That(here, Has.Count.EqualTo(Names));
        Assert.That(there, Is.EquivalentTo(here));
        Assert.That(here.Zip(there).Count(pair => pair.First == pair.Second), Is.LessThan(Names / 10));
    }

    private static List<string> Order(ServerProcess server, string scan, string add)
    {
        using var client = server.Connect();
        client.Ask("FLUSHALL");
        var requests = Enumerable.Range(0, Names).Select(number => Request(add, $"name:{number}"));
        client.Send(RequestBytes.Pipeline(requests));
        for (var i = 0; i < Names; i++) client.ReadReply();
        string[] count = ["0", "COUNT", "100000"];
        string[] words = scan == "SCAN" ? [scan, .. count] : [scan, "key", .. count];
        return [.. client.Ask(words).Split('"').Where(word => word.StartsWith("name:", StringComparison.Ordinal))];
    }

    private static string[] Request(string add, string name) => add switch
    {
        "SET" => [add, name, "v"],
        "SADD" => [add, "key", name],
        "HSET" => [add, "key", name, "v"],
        _ => [add, "key", "0", name],
    };
}
