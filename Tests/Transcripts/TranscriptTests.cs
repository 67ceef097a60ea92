using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Transcripts;

// RECORD_TRANSCRIPTS=1 dotnet test -c Release --filter FullyQualifiedName~TranscriptTests
//
// writes the oracle's replies into the files in place of comparing them. A new topic starts as a file of requests only.

/// <summary>Plays every transcript to the server, and to the oracle to see that it still is what Redis says.</summary>
internal sealed class TranscriptTests
{
    private static readonly string[] Topics =
        [.. Directory.EnumerateFiles(Repository.PathTo("Tests", "Transcripts"), "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private static bool IsRecording => Environment.GetEnvironmentVariable("RECORD_TRANSCRIPTS") == "1";

    [TestCaseSource(nameof(Topics))]
    public void The_server_says_what_the_transcript_says(string topic) => Play(topic, KestrelFreeProcess.Start, HandWritten.Compared);

    [TestCaseSource(nameof(Topics))]
    public void The_oracle_says_what_the_transcript_says(string topic)
    {
        if (IsRecording) Record(topic);

        Play(topic, RedisProcess.Start, HandWritten.Ignored);
    }

    [Test]
    public void An_ellipsis_stands_for_anything()
    {
        var step = new TranscriptStep(StepKind.Reply, "", "$\"id=… name=x …\"");

        Assert.That(step.Accepts("$\"id=12 name=x db=0\""), Is.True);
        Assert.That(step.Accepts("$\"id=12 name=y db=0\""), Is.False);
        Assert.That(step.Accepts("x$\"id=12 name=x db=0\""), Is.False);
        Assert.That(step.Accepts("$\"id=12 name=x db=0\"x"), Is.False);
    }

    private static void Play(string topic, Func<string[], ServerProcess> start, HandWritten handWritten)
    {
        var transcript = Transcript.Parse(File.ReadLines(PathOf(topic)));
        using var server = start(transcript.Arguments);
        using var player = new TranscriptPlayer(server);

        Assert.That(player.FirstDifference(transcript, handWritten), Is.Null, server.Log);
    }

    private static void Record(string topic)
    {
        var transcript = Transcript.Parse(File.ReadLines(PathOf(topic)));
        using var server = RedisProcess.Start(transcript.Arguments);
        using var player = new TranscriptPlayer(server);
        File.WriteAllText(PathOf(topic), string.Join('\n', player.Record(transcript)) + "\n");
    }

    private static string PathOf(string topic) => Repository.PathTo("Tests", "Transcripts", topic + ".txt");
}
