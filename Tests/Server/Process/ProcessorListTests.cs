using KestrelFree.Server.Hosting;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

public sealed class ProcessorListTests
{
    [TestCase("0", "0")]
    [TestCase("0,2,3", "0 2 3")]
    [TestCase("0,2-5,8-14:2", "0 2 3 4 5 8 10 12 14")]
    [TestCase("1-6:3", "1 4")]
    [TestCase("3-3", "3")]
    [TestCase("63-65", "63 64 65")]
    [TestCase("1023", "1023")]
    public void A_list_names_processors_and_ranges(string text, string expected)
    {
        var mask = ProcessorList.Parse(text)!.Mask;
        List<int> processors = [];
        for (var at = 0; at < ProcessorList.Most; at++)
        {
            if ((mask[at / 64] >> (at % 64) & 1) != 0) processors.Add(at);
        }

        Assert.That(string.Join(' ', processors), Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase(",")]
    [TestCase("0,")]
    [TestCase("a")]
    [TestCase("-1")]
    [TestCase("3-1")]
    [TestCase("0-")]
    [TestCase("0-3:0")]
    [TestCase("0-3:")]
    [TestCase("0:2")]
    [TestCase("0 1")]
    [TestCase("+1")]
    [TestCase("1024")]
    [TestCase("0-99999999999")]
    public void Anything_else_is_no_list(string text) => Assert.That(ProcessorList.Parse(text), Is.Null);
}
