using System.Diagnostics;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage;

internal sealed class XxHash3Tests
{
    [TestCase("", "2d06800538d394c2")]
    [TestCase("123", "404a763b3f4c8c9a")]
    [TestCase("v8", "0cc76dbb41381419")]
    [TestCase("hello", "9555e8555c62dcfd")]
    [TestCase("Hello world", "b6acb9d84a38ff74")]
    public void A_known_input_has_its_known_hash(string text, string expected)
    {
        Assert.That($"{XxHash3.Hash(ByteText.Bytes(text)):x16}", Is.EqualTo(expected));
    }

    // Every length up to two blocks meets each way of taking the input, and each of its edges.
    [Test]
    public void The_hash_is_that_of_xxhsum_for_every_length()
    {
        var tool = Requirement.Program("xxhsum");
        using var folder = new TempFolder();
        int[] lengths = [.. Enumerable.Range(0, 2100), 4096, 65_537, 1_000_003];
        var bytes = new byte[lengths[^1]];
        new Random(3).NextBytes(bytes);
        foreach (var length in lengths)
            File.WriteAllBytes(folder.File($"{length}"), bytes[..length]);

        var lines = HashesOf(tool, folder.Path, lengths);

        var different = lengths.Where(length => lines[length] != $"{XxHash3.Hash(bytes.AsSpan(0, length)):x16}");
        Assert.That(different, Is.Empty);
    }

    [Test]
    public void The_vectors_and_the_scalars_give_the_same_lanes()
    {
        var bytes = new byte[1024];
        new Random(5).NextBytes(bytes);
        ulong[] lanes = [1, 2, 3, 4, 5, 6, 7, 8];
        ulong[] scalar = [.. lanes];

        XxHash3.Accumulate(lanes, bytes, 16, 0);
        XxHash3.AccumulateScalar(scalar, bytes, 16, 0);

        Assert.That(lanes, Is.EqualTo(scalar));
    }

    /// <summary>Hash by length, as xxhsum prints it: "XXH3 (name) = hash".</summary>
    private static Dictionary<int, string> HashesOf(string tool, string folder, int[] lengths)
    {
        var start = new ProcessStartInfo(tool) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.ArgumentList.Add("-H3");
        foreach (var length in lengths)
            start.ArgumentList.Add($"{length}");

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, () => errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(
            line => int.Parse(line.AsSpan(line.IndexOf('(', StringComparison.Ordinal) + 1, line.IndexOf(')', StringComparison.Ordinal) - line.IndexOf('(', StringComparison.Ordinal) - 1)),
            line => line[^16..]);
    }
}
