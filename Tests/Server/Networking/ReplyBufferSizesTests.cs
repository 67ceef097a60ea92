using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>Reply buffers follow what their clients are answered.</summary>
internal sealed class ReplyBufferSizesTests
{
    [Test]
    public void A_buffer_shrinks_while_its_client_is_idle_and_grows_with_its_answers()
    {
        using var server = new InProcessServer(("enable-debug-command", "yes"));
        using var observer = server.Connect();
        using var client = server.Connect();
        observer.Ask("SETRANGE", "k", "32768", "x");
        Assert.That(Sizes(client), Is.EqualTo("rbs=2048 rbp=1024"));

        observer.Ask("DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "0");
        Eventually.True(() => Sizes(client).StartsWith("rbs=1024 ", StringComparison.Ordinal), () => Sizes(client));

        observer.Ask("DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "NEVER");
        client.Ask("GET", "k");
        Eventually.True(() => client.Ask("GET", "k").Length > 0 && Sizes(client) == "rbs=16384 rbp=16384", () => Sizes(client));
        Assert.That(server.OnLoop(() => (server.Server.ReplyBuffers.Shrinks, server.Server.ReplyBuffers.Expansions)), Is.EqualTo((1L, 4L)).Or.EqualTo((2L, 4L)));
    }

    [Test]
    public void Without_resizing_a_buffer_stays_as_it_is()
    {
        using var server = new InProcessServer(("enable-debug-command", "yes"));
        using var client = server.Connect();
        client.Ask("DEBUG", "REPLYBUFFER", "RESIZING", "0");
        client.Ask("DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "0");

        var id = client.Ask("CLIENT", "ID")[1..];
        server.OnLoop(() =>
        {
            var found = server.Server.Clients.Find(long.Parse(id))!;
            for (var i = 0; i < 10; i++) server.Server.ReplyBuffers.Fit(found);
            return found;
        });

        Assert.That(Sizes(client), Is.EqualTo("rbs=2048 rbp=1024"));
    }

    [TestCase("PEAK-RESET-TIME", "abc", "-ERR value is not an integer or out of range")]
    [TestCase("SIZE", "1", "-ERR unknown subcommand or wrong number of arguments for 'REPLYBUFFER'. Try DEBUG HELP.")]
    public void Wrong_arguments_are_refused(string option, string value, string error)
    {
        using var server = new InProcessServer(("enable-debug-command", "yes"));
        using var client = server.Connect();

        Assert.That(client.Ask("DEBUG", "REPLYBUFFER", option, value), Is.EqualTo(error));
    }

    private static string Sizes(RawConnection client) =>
        string.Join(' ', client.AskPayload("CLIENT", "INFO").Split(' ').Where(part => part.StartsWith("rbs=", StringComparison.Ordinal) || part.StartsWith("rbp=", StringComparison.Ordinal)));
}
