using System.Text;
using KestrelFree.Server.Persistence;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

public sealed class AofManifestTests
{
    private const string Example =
        "file a.aof.2.base.rdb seq 2 type b\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.2.incr.aof seq 2 type i\nfile a.aof.3.incr.aof seq 3 type i\n";

    [Test]
    public void What_is_read_is_written_alike() => Assert.That(Text(Parse(Example)), Is.EqualTo(Example));

    [Test]
    public void Comments_and_words_of_later_versions_are_passed_over()
    {
        var manifest = Parse("# by hand\nfile a seq 1 type b\nfile b seq 5 type i startoffset 10 endoffset 20\r\n");

        Assert.That(manifest.Base, Is.EqualTo(new AofFileEntry("a", 1, AofFileType.Base)));
        Assert.That(manifest.Incrs, Is.EqualTo(new[] { new AofFileEntry("b", 5, AofFileType.Incr) }));
    }

    [Test]
    public void Names_that_a_line_cannot_hold_are_quoted()
    {
        var manifest = new AofManifest();
        manifest.AddIncr("my \"ä\".aof");

        Assert.That(Text(manifest), Is.EqualTo("file \"my \\\"\\xc3\\xa4\\\".aof.1.incr.aof\" seq 1 type i\n"));
        Assert.That(Parse(Text(manifest)).Incrs[0].Name, Is.EqualTo("my \"ä\".aof.1.incr.aof"));
    }

    [Test]
    public void A_rewrite_makes_history_of_what_it_has_replaced()
    {
        var manifest = Parse(Example);
        manifest.AddIncr("a.aof");
        manifest.AddBase("a.aof", "rdb");
        manifest.RetireIncrs(1);

        Assert.That(Text(manifest), Is.EqualTo(
            "file a.aof.3.base.rdb seq 3 type b\nfile a.aof.3.incr.aof seq 3 type h\nfile a.aof.2.incr.aof seq 2 type h\nfile a.aof.2.base.rdb seq 2 type h\n" +
            "file a.aof.1.incr.aof seq 1 type h\nfile a.aof.4.incr.aof seq 4 type i\n"));
    }

    [TestCase("", "empty")]
    [TestCase("\n", "Invalid AOF manifest file format")]
    [TestCase("file a seq 1 type b", "does not end")]
    [TestCase("file a seq 1\n", "Invalid AOF manifest file format")]
    [TestCase("file a seq x type b\n", "Invalid AOF manifest file format")]
    [TestCase("file a seq 0 type b\n", "Invalid AOF manifest file format")]
    [TestCase("file \"a seq 1 type b\n", "Invalid AOF manifest file format")]
    [TestCase("file a seq 1 type x\n", "Unknown AOF file type")]
    [TestCase("file a/b seq 1 type b\n", "File can't be a path")]
    [TestCase("file a seq 1 type b\nfile b seq 2 type b\n", "line 2 >>> \"file b seq 2 type b\": Found duplicate base file information")]
    [TestCase("file a seq 2 type i\nfile b seq 1 type i\n", "non-monotonic sequence number")]
    public void What_is_no_manifest_is_refused_with_its_line(string text, string reason) =>
        Assert.That(() => Parse(text), Throws.TypeOf<LoadException>().With.Message.Contains(reason));

    private static AofManifest Parse(string text) => AofManifest.Parse(Encoding.UTF8.GetBytes(text));

    private static string Text(AofManifest manifest) => Encoding.UTF8.GetString(manifest.Format());
}
