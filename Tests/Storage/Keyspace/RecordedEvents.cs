using System.Text;
using KestrelFree.Storage;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>Writes down every event, in order.</summary>
internal sealed class RecordedEvents : IKeyspaceEvents
{
    private readonly List<string> _events = [];

    /// <summary>What has happened since the last call.</summary>
    public string Take()
    {
        var events = string.Join(", ", _events);
        _events.Clear();
        return events;
    }

    public void Modified(Database database, ReadOnlySpan<byte> key) => Add("modified", database, key);

    public void Deleted(Database database, ReadOnlySpan<byte> key) => Add("deleted", database, key);

    public void Expired(Database database, ReadOnlySpan<byte> key) => Add("expired", database, key);

    public void Evicted(Database database, ReadOnlySpan<byte> key) => Add("evicted", database, key);

    public void Flushing(Database database, long keys) => _events.Add($"flushing {database.Index}");

    public void Swapped(Database first, Database second) => _events.Add($"swapped {first.Index} {second.Index}");

    public void KeyReady(Database database, ReadOnlySpan<byte> key) => Add("ready", database, key);

    private void Add(string name, Database database, ReadOnlySpan<byte> key) =>
        _events.Add($"{name} {database.Index} {Encoding.Latin1.GetString(key)}");
}
