using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>
/// Drives streams and a model of them through the same random operations, while forks are held, walked on other threads, and compared with what the
/// model was when they began.
/// </summary>
internal sealed class StreamScript : IDisposable
{
    private const int Keys = 3;

    private readonly Random _random;
    private readonly Keyspace _keyspace;
    private readonly Dictionary<string, StreamModel> _model = [];
    private readonly HeldForks<Dictionary<string, StreamModel>> _forks;

    public StreamScript(int seed, long maxBytes, long maxEntries)
    {
        _random = new Random(seed);
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 1, Clock = new ManualClock(1_700_000_000_000), Seed = seed });
        _forks = new HeldForks<Dictionary<string, StreamModel>>(_keyspace, _random, AssertSame);
        _keyspace.Limits.StreamNodeMaxBytes = maxBytes;
        _keyspace.Limits.StreamNodeMaxEntries = maxEntries;
    }

    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
            if (i % (operations / 10 + 1) == 0) _keyspace.Validate();
        }

        _forks.EndAll();
        foreach ((var key, var stream) in _model)
            stream.AssertSame(_keyspace[0].LookupRead(Bytes(key)).Collection<StreamValue>().Log);
        _keyspace.Validate();
        AssertMemoryIsCounted();
    }

    public void Dispose() => _forks.Dispose();

    private void Step()
    {
        var key = "s" + _random.Next(Keys);
        switch (_random.Next(100))
        {
            case < 50:
                Add(key);
                break;
            case < 60:
                Delete(key);
                break;
            case < 65:
                Trim(key);
                break;
            case < 92:
                ChangeGroup(key);
                break;
            case < 93:
                Drop(key);
                break;
            case < 94:
                Transfer(key);
                break;
            case < 96:
                ReadRange(key);
                break;
            default:
                Fork();
                break;
        }
    }

    private void AssertMemoryIsCounted()
    {
        long expected = 0;
        foreach (var key in _model.Keys)
        {
            var entry = _keyspace[0].LookupWrite(Bytes(key));
            expected += entry.WritableCollection<StreamValue>().ManagedBytes;
        }

        _keyspace.FinishMaintenance();

        Assert.That(_keyspace.Memory.ManagedBytes, Is.EqualTo(expected));
        _keyspace.FlushAll(FlushMode.Sync);
        _keyspace.FinishMaintenance();

        Assert.That(_keyspace.Memory.ManagedBytes, Is.Zero);
    }

    private StreamLog Open(string key)
    {
        _model.TryAdd(key, new StreamModel());
        return new StreamRef(_keyspace[0].LookupWrite(Bytes(key))).OpenOrCreate();
    }

    private void Add(string key)
    {
        var log = Open(key);
        var model = _model[key];
        for (var count = _random.Next(4) == 0 ? 20 : 1; count > 0; count--)
        {
            var last = model.LastId;
            var id = _random.Next(3) == 0 ? new StreamId(last.Ms + (ulong)_random.Next(1, 1 << _random.Next(1, 20)), (ulong)_random.Next(3)) : last with { Seq = last.Seq + 1 };
            string[] pairs = [.. Enumerable.Range(0, _random.Next(1, 4)).SelectMany(at => new[] { _random.Next(8) == 0 ? "other" : "f" + at, Value() })];
            var outcome = log.Append(id, Request(pairs), _keyspace.Limits);
            Assert.That(outcome, Is.EqualTo(AppendOutcome.Added));
            model.Add(id, pairs);
        }
    }

    private void Delete(string key)
    {
        if (!_model.TryGetValue(key, out var model)) return;
        var id = model.Entries.Count == 0 || _random.Next(10) == 0 ? model.LastId with { Ms = model.LastId.Ms + 1 } : model.Entries.Keys[Near(model.Entries.Count)];
        Assert.That(Open(key).Delete(id), Is.EqualTo(model.Entries.ContainsKey(id)), $"{id}");
        model.Delete(id);
    }

    // Mostly by the ends, where nodes and first ids change.
    private int Near(int count) => _random.Next(3) switch { 0 => 0, 1 => count - 1, _ => _random.Next(count) };

    private void Trim(string key)
    {
        if (!_model.TryGetValue(key, out var model) || model.Entries.Count == 0) return;
        var policy = (ReferencePolicy)_random.Next(3);
        var keep = _random.Next(model.Entries.Count + 1);
        var byId = _random.Next(2) == 0;
        StreamId? minId = byId ? keep == model.Entries.Count ? model.LastId : model.Entries.Keys[keep] : null;
        var deleted = Open(key).Trim(new StreamTrim { MaxLength = keep, MinId = minId, References = policy });
        Assert.That(deleted, Is.EqualTo(model.Trim(keep, minId, policy)), $"{policy} {minId?.ToString() ?? keep.ToString()}");
    }

    private void ChangeGroup(string key)
    {
        var log = Open(key);
        var model = _model[key];
        var name = "g" + _random.Next(3);
        if (!model.Groups.TryGetValue(name, out var theirs))
        {
            log.AddGroup(Bytes(name)).LastId = StreamId.Min;
            model.Groups.Add(name, new GroupModel());
            return;
        }

        var ours = log.WritableGroup(Bytes(name))!;
        var consumer = "c" + _random.Next(4);
        switch (_random.Next(12))
        {
            case < 6:
                Deliver(log, ours, model, theirs, consumer);
                break;
            case < 9 when theirs.Pending.Count != 0:
                var id = theirs.Pending.Keys[_random.Next(theirs.Pending.Count)];
                Assert.That(ours.Acknowledge(id));
                Assert.That(ours.Acknowledge(id), Is.False);
                theirs.Pending.Remove(id);
                break;
            case 9:
                var pending = theirs.Consumers.Remove(consumer) ? theirs.Forget(consumer) : -1;
                Assert.That(ours.RemoveConsumer(Bytes(consumer)), Is.EqualTo(pending));
                break;
            case 10 when _random.Next(10) == 0:
                Assert.That(log.RemoveGroup(Bytes(name)));
                model.Groups.Remove(name);
                break;
        }
    }

    private void Deliver(StreamLog log, ConsumerGroup ours, StreamModel model, GroupModel theirs, string name)
    {
        var consumer = ours.GetOrAddConsumer(Bytes(name), 1, out var added);
        Assert.That(added, Is.EqualTo(theirs.Consumers.Add(name)));
        var left = _random.Next(1, 30);
        var cursor = log.Read(theirs.LastId.TryNext(out var next) ? next : StreamId.Max, StreamId.Max);
        foreach (var id in model.Entries.Keys.Where(id => id > theirs.LastId).Take(left).ToArray())
        {
            Assert.That(cursor.MoveNext() && cursor.Id == id);
            log.NoteRead(ours, id);
            var time = _random.Next();
            ours.Deliver(id, consumer, time, 1);
            theirs.Pending[id] = (name, time);
            theirs.LastId = id;
        }

        if (theirs.Pending.Count == 0 || _random.Next(3) != 0) return;
        var taken = theirs.Pending.Keys[_random.Next(theirs.Pending.Count)];
        ours.Deliver(taken, consumer, 5, 2);
        theirs.Pending[taken] = (name, 5);
    }

    private void Drop(string key) => Assert.That(_keyspace[0].Delete(Bytes(key)), Is.EqualTo(_model.Remove(key)));

    private void Transfer(string key)
    {
        var newKey = "s" + _random.Next(Keys);
        if (newKey == key) return;
        var isCopied = _random.Next(2) == 0;
        var isDone = isCopied ? _keyspace[0].Copy(Bytes(key), _keyspace[0], Bytes(newKey)) : _keyspace[0].Rename(Bytes(key), _keyspace[0], Bytes(newKey));
        Assert.That(isDone, Is.EqualTo(_model.TryGetValue(key, out var model)));
        if (!isDone) return;
        _model[newKey] = model!.Copy();
        if (!isCopied) _model.Remove(key);
    }

    private void ReadRange(string key)
    {
        if (_model.TryGetValue(key, out var model))
            model.AssertRange(_keyspace[0].LookupRead(Bytes(key)).Collection<StreamValue>().Log, _random);
    }

    private void Fork()
    {
        if (_forks.Count < 4 && _random.Next(2) == 0)
            _forks.Begin(_model.ToDictionary(pair => pair.Key, pair => pair.Value.Copy()));
        else if (_forks.Count > 0)
            _forks.EndOne();
    }

    private static void AssertSame(SnapshotWalk walk, Dictionary<string, StreamModel> frozen)
    {
        var seen = 0;
        for (; walk.MoveNext(); seen++)
            frozen[Encoding.Latin1.GetString(walk.Entry.Key)].AssertSame(walk.Entry.Collection<StreamValue>().Log);
        Assert.That(seen, Is.EqualTo(frozen.Count));
    }

    private string Value() => _random.Next(6) switch { 0 => "", 1 => new string('v', _random.Next(200)), 2 => "text", _ => _random.Next(100_000).ToString() };

    private static ArgVector Request(string[] words)
    {
        var slices = new ArgSlice[words.Length];
        var at = 0;
        for (var i = 0; i < words.Length; at += words[i++].Length)
            slices[i] = new ArgSlice(at, words[i].Length);
        return new ArgVector(Bytes(string.Concat(words)), slices);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
