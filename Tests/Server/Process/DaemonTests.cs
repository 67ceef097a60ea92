using System.Diagnostics;
using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

/// <summary>The waiting half of a daemon's start, with a shell in place of the server.</summary>
[Platform(Exclude = "Win")]
public sealed class DaemonTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [SetUp]
    public void Forget()
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
    }

    [OneTimeTearDown]
    public void Close()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Test]
    public void A_child_that_listens_lets_the_parent_succeed_while_it_goes_on()
    {
        using var folder = new TempFolder();
        var alive = folder.File("alive");
        var watch = Stopwatch.StartNew();

        var code = Launch($"echo listening >&$KESTREL_FREE_DETACHED; sleep 1; echo yes > {alive}");

        Assert.That(code, Is.Zero);
        Assert.That(File.Exists(alive), Is.False, () => $"The parent waited {watch.ElapsedMilliseconds} ms.");
        Eventually.True(() => File.Exists(alive), () => "The child ended with its parent.");
    }

    [Test]
    public void A_childs_reason_is_written_and_fails_the_parent()
    {
        var code = Launch("echo no free port >&$KESTREL_FREE_DETACHED");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(_error.ToString(), Does.Contain("Starting in the background failed: no free port"));
    }

    [Test]
    public void A_child_that_ends_without_a_report_fails_the_parent_after_its_last_words()
    {
        var code = Launch("echo on output; echo on error >&2; exit 3");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(_output.ToString(), Does.Contain("on output"));
        Assert.That(_error.ToString(), Does.Contain("on error"));
        Assert.That(_error.ToString(), Does.Contain("the server ended with exit code 3 before it listened"));
    }

    [Test]
    public void What_the_parent_read_from_standard_input_reaches_the_child()
    {
        var code = Launch("read line; echo $line; echo listening >&$KESTREL_FREE_DETACHED", standardInput: "port 0\n");

        Assert.That(code, Is.Zero);
        Assert.That(_output.ToString(), Is.EqualTo("port 0\n"));
    }

    [Test]
    public void A_child_reports_only_once_and_survives_a_parent_that_has_gone()
    {
        var pipe = new MemoryStream();
        var discarded = 0;
        using var child = new DetachedChild(pipe, () => discarded++);

        child.CloseStandardStreams();
        child.ReportListening();
        child.ReportFailure("too late");

        Assert.That(discarded, Is.EqualTo(1));
        Assert.That(System.Text.Encoding.UTF8.GetString(pipe.ToArray()), Is.EqualTo("listening\n"));
    }

    [Test]
    public void An_ordinary_process_is_no_detached_child()
    {
        Assert.That(Daemon.TryEnter(), Is.Null);
    }

    private int Launch(string script, string? standardInput = null)
    {
        var start = new ProcessStartInfo(Requirement.Program("bash"));
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        return Daemon.LaunchDetached(start, _output, _error, TimeSpan.FromSeconds(30), standardInput);
    }
}
