using System.Text;
using System.Text.Json;
using KestrelFree.Storage;
using KestrelFree.Tests.Oracle;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Json;

/// <summary>Data sets as JSON and back: nothing is lost, whatever bytes they are made of.</summary>
internal sealed class JsonFileTests
{
    private const string Header = """{"format":"kestrel-free","version":1}""" + "\n";

    private static readonly string[] Types = ["SET", "RPUSH", "SADD", "ZADD", "HSET", "XADD"];

    [Test]
    public void Every_type_and_encoding_comes_back_the_same()
    {
        using var server = new InProcessServer();
        using var client = server.Connect();
        SampleKeys.Fill(client);

        AssertComesBack(server, "the samples");
    }

    [Test]
    public void Random_bytes_of_every_type_come_back_the_same([Range(1, 4)] int salt)
    {
        var seed = Environment.TickCount + salt;
        var random = new Random(seed);
        using var server = new InProcessServer();
        using var client = server.Connect();
        for (var i = 0; i < 400; i++)
            client.Ask(Write(random));

        AssertComesBack(server, $"seed {seed}");
    }

    [Test]
    public void What_is_written_is_as_people_would_write_it()
    {
        using var server = new InProcessServer();
        using var client = server.Connect();
        client.Ask("SET", "text", ByteText.Text("Grüße \"mit\"\n"u8.ToArray()));
        client.Ask("SET", "bytes", "\u00ff\u0000");
        client.Ask("RPUSH", "list", "a", "1");
        client.Ask("ZADD", "zset", "1.5", "a", "inf", "b");
        client.Ask("HSET", "hash", "f", "v", "g", "w");
        client.Ask("HPEXPIREAT", "hash", "33177117420000", "FIELDS", "1", "g");
        client.Ask("PEXPIREAT", "list", "33177117420000");
        client.Ask("SELECT", "2");
        client.Ask("XADD", "stream", "5-1", "f", "v");
        client.Ask("XGROUP", "CREATE", "stream", "g", "0");
        client.Ask("XCLAIM", "stream", "g", "c", "0", "5-1", "TIME", "1000", "RETRYCOUNT", "7", "FORCE");
        var lines = Encoding.UTF8.GetString(Written(server)).Split('\n');

        Assert.That(lines[0] + "\n", Is.EqualTo(Header));
        Assert.That(lines, Does.Contain("""{"db":0,"key":"text","string":"Grüße \"mit\"\n"}"""));
        Assert.That(lines, Does.Contain("""{"db":0,"key":"bytes","string":{"base64":"/wA="}}"""));
        Assert.That(lines, Does.Contain("""{"db":0,"key":"list","expireAtMs":33177117420000,"list":["a","1"]}"""));
        Assert.That(lines, Does.Contain("""{"db":0,"key":"zset","zset":[["a",1.5],["b","inf"]]}"""));
        Assert.That(lines, Does.Contain("""{"db":0,"key":"hash","hash":[["g","w",33177117420000],["f","v"]]}"""));
        Assert.That(
            lines[^2],
            Does.StartWith("""{"db":2,"key":"stream","stream":{"lastId":"5-1","maxDeletedId":"0-0","entriesAdded":1,"entries":[["5-1","f","v"]],"groups":[{"name":"g","lastId":"0-0",""")
                .And.EndsWith(""","pending":[["5-1","c",1000,7]]}]}}"""));
    }

    [Test]
    public void What_people_write_is_read_in_any_order_and_with_blanks()
    {
        var keyspace = new Keyspace(new KeyspaceOptions());
        Read(keyspace, Header + """
            { "string" : 12, "key" : "a" }
            // a remark
            {"list":["x", 5, {"base64":"eA=="}], "key":{"base64":"/w=="},
             "db": 3}
            {"function":"#!lua name=f"}
            """);

        Assert.That(keyspace[0].LookupRead("a"u8).TryGetInteger(out var number) ? number : 0, Is.EqualTo(12));
        Assert.That(keyspace[3].LookupRead([0xff]).Type, Is.EqualTo(DataType.List));
    }

    [TestCase("", "this file is empty")]
    [TestCase("""{"format":"other"}""", "it is not kestrel-free")]
    [TestCase("""{"format":"kestrel-free","version":2}""", "2 is none that is read")]
    [TestCase("{}", "the first line does not tell it")]
    [TestCase(Header + "[]", "an object is expected")]
    [TestCase(Header + """{"key":"k"}""", "a key and a value are expected")]
    [TestCase(Header + """{"string":"v"}""", "a key and a value are expected")]
    [TestCase(Header + """{"key":"k","string":"v","list":["a"]}""", "the key has a value already")]
    [TestCase(Header + """{"key":"k","strin":"v"}""", "reading strin: nothing of this name is known")]
    [TestCase(Header + """{"key":"k","string":{"base64":"?"}}""", "this is not base64")]
    [TestCase(Header + """{"key":"k","string":"\ud800"}""", "reading")]
    [TestCase(Header + """{"key":"k","string":"v","frequency":256}""", "256 is not between 0 and 255")]
    [TestCase(Header + """{"key":"k","string":"v","idleSeconds":-1}""", "-1 is not between 0 and 4294967295")]
    [TestCase(Header + """{"key":"k","db":16,"string":"v"}""", "16 of 16 databases")]
    [TestCase(Header + """{"key":"k","string":"v"}""" + "\n" + """{"key":"k","string":"v"}""", "it occurs twice")]
    [TestCase(Header + """{"key":"k","list":[]}""", "it has no elements")]
    [TestCase(Header + """{"key":"k","set":["a","a"]}""", "it occurs twice")]
    [TestCase(Header + """{"key":"k","zset":[["a","nan"]]}""", "'nan' is no number")]
    [TestCase(Header + """{"key":"k","zset":["a",1]}""", "arrays are expected")]
    [TestCase(Header + """{"key":"k","hash":[["f","v",-5]]}""", "a time in milliseconds is expected")]
    [TestCase(Header + """{"key":"k","hash":[["f","v"],["f","v"]]}""", "it occurs twice")]
    [TestCase(Header + """{"key":"k","stream":{"entries":[["5-1","f","v"],["5-1","f","v"]]}}""", "ids have to grow")]
    [TestCase(Header + """{"key":"k","stream":{"entries":[["5-1","f"]]}}""", "fields and values are expected")]
    [TestCase(Header + """{"key":"k","stream":{"entries":[["5-1","f","v"]],"lastId":"4-0"}}""", "there are entries behind it")]
    [TestCase(Header + """{"key":"k","stream":{"groups":[{"name":"g","pending":[["1-1","c",1,1]]}]}}""", "it has no such consumer")]
    [TestCase(Header + """{"key":"k","string":"v" """, "should be closed")]
    [TestCase(Header + """{"key":"k","string":"v"}}""", "reading key")]
    public void What_is_wrong_is_told_with_its_place(string text, string problem) =>
        Assert.That(
            () => Read(new Keyspace(new KeyspaceOptions()), text),
            Throws.TypeOf<JsonFileException>().With.Message.Contains(problem).And.Message.Match(@"^test: wrong at offset \d+, reading "));

    [Test]
    public void What_is_past_its_time_is_left_out()
    {
        var keyspace = new Keyspace(new KeyspaceOptions());
        var reader = Read(keyspace, Header + """{"key":"k","expireAtMs":1000,"set":["a"]}""");

        Assert.That((keyspace[0].Count, reader.KeysLoaded, reader.KeysExpired), Is.EqualTo((0, 0, 1)));
    }

    [Test]
    public void Tokens_longer_than_the_window_are_read()
    {
        var keyspace = new Keyspace(new KeyspaceOptions());
        var text = new string('x', 300_000);
        Read(keyspace, Header + JsonSerializer.Serialize(new Dictionary<string, string> { ["key"] = "k", ["string"] = text }));

        Assert.That(keyspace[0].LookupRead("k"u8).StringLength, Is.EqualTo(text.Length));
    }

    private static JsonFileReader Read(Keyspace keyspace, string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var reader = new JsonFileReader(keyspace, stream, "test");
        while (!reader.ReadSlice(0, 1))
        {
            // As small slices as there are.
        }

        return reader;
    }

    private static byte[] Written(InProcessServer server) => server.OnLoop(() => Written(server.Server.Keyspace));

    private static byte[] Written(Keyspace keyspace)
    {
        using var stream = new MemoryStream();
        using var snapshot = keyspace.Fork();
        var writer = new JsonFileWriter(stream);
        writer.Write(snapshot);
        Assert.That(writer.BytesWritten, Is.EqualTo(stream.Length));
        return stream.ToArray();
    }

    private static void AssertComesBack(InProcessServer server, string what)
    {
        var json = Written(server);
        var copy = new Keyspace(new KeyspaceOptions());
        Read(copy, Encoding.UTF8.GetString(json));

        Assert.That(Digest(copy), Is.EqualTo(server.OnLoop(() => Digest(server.Server.Keyspace))), what);
        Assert.That(Lines(Written(copy)), Is.EquivalentTo(Lines(json)), what);
        copy.Validate();
    }

    // The members of a large set or hash come in an order of their own each time; the order of lists is the digest's affair.
    private static IEnumerable<string> Lines(byte[] json) =>
        Encoding.UTF8.GetString(json).Split('\n').Select(static line => string.Join(',', line.Split(',', '[', ']', '{', '}').Order(StringComparer.Ordinal)));

    private static string Digest(Keyspace keyspace)
    {
        var digest = new DatasetDigest(keyspace.DatabaseCount);
        using var snapshot = keyspace.Fork();
        var walk = snapshot.Walk();
        while (walk.MoveNext()) digest.Add(walk.DatabaseIndex, walk.Entry);
        return Convert.ToHexString(digest.Finish().Bytes);
    }

    private static string[] Write(Random random)
    {
        var type = random.Next(Types.Length);
        var key = $"{Types[type]}:{random.Next(10)}";
        var element = Bytes(random);
        return random.Next(12) switch
        {
            0 => ["PEXPIREAT", key, $"{33_177_117_420_000 + random.Next(1000)}"],
            1 => ["HPEXPIREAT", $"HSET:{random.Next(10)}", $"{33_177_117_420_000 + random.Next(1000)}", "FIELDS", "1", $"{random.Next(100)}"],
            2 => ["XGROUP", "CREATE", $"XADD:{random.Next(10)}", Bytes(random), "0"],
            3 => ["XGROUP", "CREATE", $"XADD:{random.Next(10)}", "group", "0"],
            4 => ["XREADGROUP", "GROUP", "group", element, "COUNT", "3", "STREAMS", $"XADD:{random.Next(10)}", ">"],
            _ => type switch
            {
                0 => ["SET", key, element],
                3 => ["ZADD", key, random.Next(20) == 0 ? "-inf" : $"{(random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)):R}", element],
                4 => ["HSET", key, element, Bytes(random), $"{random.Next(100)}", "x"],
                5 => ["XADD", key, "*", element, Bytes(random)],
                _ => [Types[type], key, element, Bytes(random)],
            },
        };
    }

    private static string Bytes(Random random)
    {
        if (random.Next(3) == 0) return $"{random.Next(1000)}";
        var bytes = new byte[random.Next(90)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0) bytes.AsSpan().Replace((byte)0xff, (byte)0);
        return random.Next(2) == 0 ? ByteText.Text(bytes) : ByteText.Text(Encoding.UTF8.GetBytes($"größe\u0007\"\\{random.Next(100)}"));
    }
}
