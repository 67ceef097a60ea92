using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>The encodings that redis-server's own DEBUG PROTOCOL shows, byte for byte.</summary>
internal sealed class ReplyWriterOracleTests
{
    private static readonly (string Name, Action<ReplyWriter> Write, int FirstVersion)[] Table =
    [
        ("string", w => w.Bulk("Hello World"u8), 2),
        ("integer", w => w.Integer(12345), 2),
        ("double", w => w.Double(3.141), 2),
        ("null", w => w.Null(), 2),
        ("array", w => WriteItems(w, w => w.ArrayHeader(3), 3), 2),
        ("set", w => WriteItems(w, w => w.SetHeader(3), 3), 2),
        ("map", WriteMap, 2),
        ("true", w => w.Boolean(true), 2),
        ("false", w => w.Boolean(false), 2),
        ("bignum", w => w.BigNumber("1234567999999999999999999999999999999"u8), 2),
        ("verbatim", w => w.Verbatim("txt"u8, "This is a verbatim\nstring"u8), 2),
        ("attrib", WriteAttribute, 3),
        ("push", WritePush, 3),
    ];

    private static IEnumerable<TestCaseData> Rows =>
        from row in Table
        from version in new[] { 2, 3 }
        where version >= row.FirstVersion
        select new TestCaseData(version, row.Name, row.Write).SetArgDisplayNames($"RESP{version}", row.Name);

    private ServerProcess _redis = null!;

    [OneTimeSetUp]
    public void Start() => _redis = RedisProcess.Start("--enable-debug-command", "yes");

    [OneTimeTearDown]
    public void Stop() => _redis?.Dispose();

    [TestCaseSource(nameof(Rows))]
    public void A_reply_is_encoded_as_redis_does(int version, string name, Action<ReplyWriter> write)
    {
        var writer = new ReplyWriter(new ReplyBuffer(new BufferPool())) { Version = version };
        write(writer);
        using var connection = _redis.Connect(version);
        connection.SendRequest("DEBUG", "PROTOCOL", name);
        connection.CloseSending();

        Assert.That(ByteText.Quote(writer.Buffer.ToArray()), Is.EqualTo(ByteText.Quote(connection.ReadToEnd())));
    }

    private static void WriteItems(ReplyWriter writer, Action<ReplyWriter> header, int count)
    {
        header(writer);
        for (var i = 0; i < count; i++)
            writer.Integer(i);
    }

    private static void WriteMap(ReplyWriter writer)
    {
        writer.MapHeader(3);
        for (var i = 0; i < 3; i++)
        {
            writer.Integer(i);
            writer.Boolean(i == 1);
        }
    }

    private static void WriteAttribute(ReplyWriter writer)
    {
        writer.AttributeHeader(1);
        writer.Bulk("key-popularity"u8);
        writer.ArrayHeader(2);
        writer.Bulk("key:123"u8);
        writer.Integer(90);
        writer.EndAttribute();
        writer.Bulk("Some real reply following the attribute"u8);
    }

    private static void WritePush(ReplyWriter writer)
    {
        writer.PushHeader(2);
        writer.Bulk("server-cpu-usage"u8);
        writer.Integer(42);
        writer.Bulk("Some real reply following the push reply"u8);
    }
}
