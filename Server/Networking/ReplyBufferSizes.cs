namespace KestrelFree.Server.Networking;

// How large the chunk is that a client's answers begin in: 2 KB for a new client (Redis gives it 16 KB, and keeps them), then, looked at
// whenever the cron visits the client,
//
//      the peak fills it             doubled, up to 16 KB
//      the peak is below half        cut to the peak, down to 1 KB
//
// and every five seconds the peak begins anew with what is pending. So a client of small answers costs 1 KB in the turns in which it is answered.

/// <summary>Fits the reply buffers of clients to their answers.</summary>
internal sealed class ReplyBufferSizes
{
    /// <summary>How long a peak lasts by default, in milliseconds.</summary>
    internal const long DefaultPeakMs = 5000;

    /// <summary>How long a peak lasts, in milliseconds; for ever when negative.</summary>
    internal long PeakMs { get; set; } = DefaultPeakMs;

    /// <summary>Whether sizes change at all.</summary>
    internal bool IsEnabled { get; set; } = true;

    /// <summary>How many buffers were cut.</summary>
    internal long Shrinks { get; private set; }

    /// <summary>How many buffers were doubled.</summary>
    internal long Expansions { get; private set; }

    /// <summary>Fits a client's buffer. O(1).</summary>
    internal void Fit(Client client)
    {
        if (!IsEnabled) return;
        var buffer = client.Reply.Buffer;
        var (size, peak) = (buffer.StartBytes, buffer.PeakBytes);
        if (PeakMs >= 0 && client.Server.Clock.NowMs - client.PeakForgottenMs >= PeakMs)
        {
            buffer.ForgetPeak();
            client.PeakForgottenMs = client.Server.Clock.NowMs;
        }

        if (peak < size / 2) buffer.Resize(peak + 1);
        else if (peak == size) buffer.Resize(size * 2);
        if (buffer.StartBytes < size) Shrinks++;
        else if (buffer.StartBytes > size) Expansions++;
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => Shrinks = Expansions = 0;
}
