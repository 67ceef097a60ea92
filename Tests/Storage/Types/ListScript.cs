using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>
/// Drives lists and a model of them through the same random operations, while forks are held, walked on other threads and compared.
/// </summary>
internal sealed class ListScript : IDisposable
{
    private const int Keys = 3;

    private readonly Keyspace _keyspace;
    private readonly int _most;
    private readonly Random _random;
    private readonly List<string>[] _model = [[], [], []];
    private readonly HeldForks<Dictionary<string, string[]>> _forks;

    public ListScript(Keyspace keyspace, int seed, int most)
    {
        (_keyspace, _most) = (keyspace, most);
        _random = new Random(seed);
        _forks = new HeldForks<Dictionary<string, string[]>>(keyspace, _random, AssertSame);
    }

    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
            if (i % (operations / 8 + 1) == 0) _keyspace.Validate();
        }

        _forks.EndAll();
        _keyspace.FinishMaintenance();

        for (var key = 0; key < Keys; key++)
            Compare(key);
        _keyspace.Validate();
    }

    public void Dispose() => _forks.Dispose();

    private void Step()
    {
        var key = _random.Next(Keys);
        var model = _model[key];
        var choice = _random.Next(100);
        if (choice < 30) Push(key, model);
        else if (choice < 45) Pop(key, model);
        else if (choice < 55) Insert(key, model);
        else if (choice < 65) Set(key, model);
        else if (choice < 72) RemoveEqual(key, model);
        else if (choice < 74) Trim(key, model);
        else if (choice < 82) Move(key, _random.Next(Keys));
        else if (choice < 84) Transfer(key, _random.Next(Keys));
        else if (choice < 92) Compare(key);
        else if (choice < 94 && _forks.Count < 3) BeginFork();
        else if (choice < 96 && _forks.Count > 0) _forks.EndOne();
        else _keyspace.MaintainForATime(_random);
    }

    private void Push(int key, List<string> model)
    {
        var end = AnEnd();
        var list = Open(key);
        for (var count = _random.Next(8) == 0 ? 200 : 1; count > 0 && model.Count < _most; count--)
        {
            var text = Text();
            list.Push(end, Bytes(text));
            model.Insert(end == ListEnd.Head ? 0 : model.Count, text);
        }
    }

    private void Pop(int key, List<string> model)
    {
        if (model.Count == 0) return;
        var end = AnEnd();
        var count = _random.Next(5) == 0 ? 1 + _random.Next(model.Count) : 1;
        var list = Open(key);
        list.Pop(end, count);
        model.RemoveRange(end == ListEnd.Head ? 0 : model.Count - count, count);
    }

    private void Insert(int key, List<string> model)
    {
        if (model.Count == 0 || model.Count >= _most) return;
        var pivot = _random.Next(4) == 0 ? Text() : model[_random.Next(model.Count)];
        var text = Text();
        var where = _random.Next(2) == 0 ? ListInsertion.Before : ListInsertion.After;
        var list = Open(key);
        var found = model.IndexOf(pivot);
        Assert.That(list.Insert(where, Bytes(pivot), Bytes(text)), Is.EqualTo(found >= 0));
        if (found >= 0) model.Insert(where == ListInsertion.Before ? found : found + 1, text);
    }

    private void Set(int key, List<string> model)
    {
        if (model.Count == 0) return;
        var index = _random.Next(-model.Count - 1, model.Count + 1);
        var text = Text();
        var place = index < 0 ? index + model.Count : index;
        var exists = place >= 0 && place < model.Count;
        var list = Open(key);
        Assert.That(list.Set(index, Bytes(text)), Is.EqualTo(exists));
        if (exists) model[place] = text;
    }

    private void RemoveEqual(int key, List<string> model)
    {
        if (model.Count == 0) return;
        var text = model[_random.Next(model.Count)];
        var from = AnEnd();
        var atMost = _random.Next(3) == 0 ? int.MaxValue : 1 + _random.Next(3);
        var expected = 0;
        while (expected < atMost && (from == ListEnd.Head ? model.IndexOf(text) : model.LastIndexOf(text)) is >= 0 and int at)
        {
            model.RemoveAt(at);
            expected++;
        }

        var list = Open(key);
        Assert.That(list.RemoveEqual(Bytes(text), from, atMost), Is.EqualTo(expected));
    }

    private void Trim(int key, List<string> model)
    {
        if (model.Count == 0) return;
        var first = _random.Next(model.Count);
        var last = _random.Next(first - 1, model.Count);
        var list = Open(key);
        list.Trim(first, last);
        var kept = model.GetRange(first, last - first + 1);
        model.Clear();
        model.AddRange(kept);
    }

    private void Move(int from, int to)
    {
        if (_model[from].Count == 0) return;
        ListEnd taken = AnEnd(), put = AnEnd();
        var list = Open(from);
        var expected = _model[from][taken == ListEnd.Head ? 0 : _model[from].Count - 1];
        var text = from == to ? list.Rotate(taken, put) : list.Take(taken);
        Assert.That(Encoding.ASCII.GetString(text), Is.EqualTo(expected));
        if (from != to)
        {
            var other = Open(to);
            other.Push(put, text);
        }

        _model[from].RemoveAt(taken == ListEnd.Head ? 0 : _model[from].Count - 1);
        _model[to].Insert(put == ListEnd.Head ? 0 : _model[to].Count, expected);
    }

    private void Transfer(int from, int to)
    {
        if (from == to || _model[from].Count == 0) return;
        if (_random.Next(2) == 0)
        {
            _keyspace[0].Copy(Name(from), _keyspace[0], Name(to));
            _model[to] = [.. _model[from]];
            return;
        }

        _keyspace[0].Rename(Name(from), _keyspace[0], Name(to));
        _model[to] = _model[from];
        _model[from] = [];
    }

    private void Compare(int key)
    {
        var entry = _keyspace[0].LookupRead(Name(key));
        Assert.That(entry.Exists, Is.EqualTo(_model[key].Count > 0));
        if (!entry.Exists) return;
        AssertSame(entry.View, _model[key]);
        var list = new ListRef(entry);
        Assert.That(list.Count, Is.EqualTo(_model[key].Count));
        var index = _random.Next(_model[key].Count);
        for (var elements = list.From(index, ListEnd.Head); elements.MoveNext(); index--)
        {
            if (Text(elements.Current) != _model[key][index])
                throw new AssertionException($"backwards, element {index} differs");
        }

        Assert.That(index, Is.EqualTo(-1));
        CompareRuns(list, _model[key]);
    }

    // Runs and single steps take turns, and the runs' lengths are no node's.
    private void CompareRuns(ListRef list, List<string> model)
    {
        var index = _random.Next(model.Count);
        var elements = list.From(index, ListEnd.Tail);
        while (index < model.Count)
        {
            if (_random.Next(4) != 0 && elements.TryTakeRun(1 + _random.Next(30), out var run))
            {
                while (run.TryRead(out var element))
                    AssertElement(element, index++);
            }
            else
            {
                Assert.That(elements.MoveNext());
                AssertElement(elements.Current, index++);
            }
        }

        Assert.That(elements.TryTakeRun(1, out _), Is.False);
        Assert.That(elements.MoveNext(), Is.False);

        void AssertElement(ListpackValue element, int at)
        {
            if (Text(element) != model[at]) throw new AssertionException($"in a run, element {at} differs");
        }
    }

    private void BeginFork() =>
        _forks.Begin(Enumerable.Range(0, Keys).Where(key => _model[key].Count > 0).ToDictionary(key => "list" + key, key => _model[key].ToArray()));

    private static void AssertSame(SnapshotWalk walk, Dictionary<string, string[]> frozen)
    {
        var seen = 0;
        for (; walk.MoveNext(); seen++)
            AssertSame(walk.Entry, frozen[Encoding.ASCII.GetString(walk.Entry.Key)]);
        if (seen != frozen.Count) throw new AssertionException($"a fork sees {seen} lists of {frozen.Count}");
    }

    private static void AssertSame(EntryView entry, IReadOnlyList<string> model)
    {
        var index = 0;
        for (var elements = new ListElements(entry, 0, ListEnd.Tail); elements.MoveNext(); index++)
        {
            if (index >= model.Count || Text(elements.Current) != model[index])
                throw new AssertionException($"element {index} of {model.Count} differs");
        }

        if (index != model.Count) throw new AssertionException($"{index} elements of {model.Count}");
    }

    private ListRef Open(int key) => new(_keyspace[0].LookupWrite(Name(key)));

    private ListEnd AnEnd() => _random.Next(2) == 0 ? ListEnd.Head : ListEnd.Tail;

    private string Text() => _random.Next(40) switch
    {
        0 => new string('p', _random.Next(3000, 12_000)),
        < 15 => $"{_random.Next(200) - 100}",
        < 20 => $"{_random.NextInt64()}",
        < 22 => "",
        _ => new string((char)('a' + _random.Next(26)), _random.Next(1, 90)),
    };

    private static byte[] Name(int key) => Bytes("list" + key);

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static string Text(ListpackValue value) => Encoding.ASCII.GetString(value.GetText(new byte[ListpackValue.MaxIntegerText]));
}
