using System.IO.Pipes;
using System.Text;

namespace KestrelFree.Server.Hosting;

/// <summary>The detached process's end of the pipe to the one that started it and waits for its report.</summary>
internal sealed class DetachedChild : IDisposable
{
    /// <summary>The line that says that the server listens; any other text is the reason why it does not.</summary>
    internal const string Listening = "listening";

    private readonly Stream _parent;
    private readonly Action _discardStreams;

    /// <summary>Reports over a given stream.</summary>
    internal DetachedChild(Stream parent, Action discardStreams)
    {
        _parent = parent;
        _discardStreams = discardStreams;
    }

    /// <summary>Opens the inherited end of the pipe.</summary>
    internal static DetachedChild Open(string pipeHandle) =>
        new(new AnonymousPipeClientStream(PipeDirection.Out, pipeHandle), StandardStreams.Discard);

    /// <summary>Sends standard output and error to nowhere; what is said about the configuration has been said before.</summary>
    internal void CloseStandardStreams() => _discardStreams();

    /// <summary>Lets the parent end with success.</summary>
    internal void ReportListening() => Report(Listening);

    /// <summary>Lets the parent write a reason and end with failure.</summary>
    internal void ReportFailure(string text) => Report(text);

    /// <summary>Ends the pipe; without a report before, the parent takes it for a failure.</summary>
    public void Dispose() => _parent.Dispose();

    private void Report(string text)
    {
        try
        {
            _parent.Write(Encoding.UTF8.GetBytes(text + "\n"));
            _parent.Dispose();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The parent did not wait, or has had its report; the server goes on.
        }
    }
}
