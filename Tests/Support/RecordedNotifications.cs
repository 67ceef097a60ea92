using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Notifications;

namespace KestrelFree.Tests.Support;

/// <summary>A server in this process with a client, and what is told of the effects of its commands.</summary>
internal sealed class RecordedNotifications : IDisposable
{
    private readonly Recorder _recorder = new();
    private readonly InProcessServer _server = new();
    private readonly RawConnection _client;

    public RecordedNotifications(NotifyClasses classes)
    {
        _client = _server.Connect();
        _server.OnLoop(() =>
        {
            _server.Server.Observer.Notifications.Enable(classes);
            _server.Server.Observer.Notifications.Receiver = _recorder;
            return 0;
        });
    }

    /// <summary>What a line told, "set k, expire k", after others in an empty server.</summary>
    public string Of(string line, params string[] setups)
    {
        _client.AskLine("FLUSHALL");
        foreach (var setup in setups)
            _client.AskLine(setup);
        _recorder.Told.Clear();

        _client.AskLine(line);

        return string.Join(", ", _recorder.Told);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private sealed class Recorder : INotificationReceiver
    {
        public List<string> Told { get; } = [];

        public void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key) =>
            Told.Add($"{ByteText.Text(what)} {ByteText.Text(key)}");
    }
}
