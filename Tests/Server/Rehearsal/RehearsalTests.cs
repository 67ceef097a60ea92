using KestrelFree.Server.Logging;
using KestrelFree.Server.Rehearsals;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Rehearsals;

[TestFixture]
public sealed class RehearsalTests
{
    // The lines under "What is refused", played twice: an unknown command, a wrong number of arguments, a password, a text that is no number and
    // one that is no list.
    private const int Refusals = 2 * 5;

    [Test]
    public void The_script_is_understood_to_its_last_line()
    {
        using var folder = new TempFolder();
        using var stage = new Stage(folder.Path);
        stage.Play();
        Assert.That(stage.Statistics.ErrorReplies, Is.EqualTo(Refusals), string.Join(", ", stage.Statistics.ErrorsByCode));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Not.Empty, "it saves");
    }

    [Test]
    public void A_rehearsal_leaves_nothing_behind()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "debug", "--rehearsal", "yes");
        server.WaitForLog("The rehearsal has ended.");
        Assert.That(Directory.GetDirectories(server.Folder.Path, "kestrel-free-*"), Is.Empty);
    }

    [Test]
    public void A_server_that_ends_first_does_not_wait_for_it()
    {
        using var rehearsal = Rehearsal.Begin(ServerLog.Silent);
        rehearsal.Dispose();
        Assert.That(rehearsal.Wait(Eventually.Patience), "the thread has ended");
    }
}
