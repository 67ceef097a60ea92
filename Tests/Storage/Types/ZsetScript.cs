using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>
/// Drives sorted sets of every size and a model of them through the same random operations, while forks are held, walked on other threads, and
/// compared with what the model was when they began.
/// </summary>
internal sealed class ZsetScript : IDisposable
{
    private static readonly double[] Scores = [0, 1, -1, 2.5, double.PositiveInfinity, double.NegativeInfinity, 1e300, 5e18, 0.1];

    private readonly Random _random;
    private readonly int _keys;
    private readonly int _members;
    private readonly int _scores;
    private readonly Keyspace _keyspace;
    private readonly Dictionary<string, ZsetModel> _model = [];
    private readonly HeldForks<Dictionary<string, ZsetModel>> _forks;

    /// <param name="seed">Decides everything.</param>
    /// <param name="keys">Sorted sets.</param>
    /// <param name="members">Members that are drawn from.</param>
    /// <param name="scores">Scores that are drawn from: few of them leave the order to the members.</param>
    /// <param name="limits">Entries and bytes up to which sets are packed.</param>
    public ZsetScript(int seed, int keys, int members, int scores, (long Entries, long Bytes) limits)
    {
        _random = new Random(seed);
        (_keys, _members, _scores) = (keys, members, scores);
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 1, Clock = new ManualClock(1_700_000_000_000), Seed = seed });
        _forks = new HeldForks<Dictionary<string, ZsetModel>>(_keyspace, _random, AssertSame);
        (_keyspace.Limits.ZsetMaxListpackEntries, _keyspace.Limits.ZsetMaxListpackValue) = limits;
    }

    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
            if (i % (operations / 10 + 1) == 0) _keyspace.Validate();
        }

        _forks.EndAll();
        _keyspace.FinishMaintenance();

        foreach (var key in _model.Keys)
            Compare(key);
        _keyspace.Validate();
        foreach (var key in _model.Keys)
            _keyspace[0].Delete(Bytes(key));
        _keyspace.FinishMaintenance();

        _keyspace.Validate();
        Assert.That(_keyspace.Memory.RunBytes, Is.Zero);
    }

    public void Dispose() => _forks.Dispose();

    private void Step()
    {
        var key = "z" + _random.Next(_keys);
        switch (_random.Next(1000))
        {
            case < 500:
                for (var count = _random.Next(20) == 0 ? 100 : 3; count > 0; count--)
                    Add(key);
                break;
            case < 750:
                for (var count = _random.Next(20) == 0 ? 100 : 3; count > 0; count--)
                    Remove(key);
                break;
            case < 800:
                RemoveRange(key);
                break;
            case < 804:
                Assert.That(_keyspace[0].Delete(Bytes(key)), Is.EqualTo(_model.Remove(key)));
                break;
            case < 900:
                AskRanks(key);
                break;
            case < 940:
                Compare(key);
                break;
            case < 946 when _forks.Count < 4:
                BeginFork();
                break;
            case < 955 when _forks.Count > 0:
                _forks.EndOne();
                break;
            default:
                _keyspace.MaintainForATime(_random);
                break;
        }
    }

    private void Add(string key)
    {
        var zset = new ZsetRef(_keyspace[0].LookupWrite(Bytes(key)));
        var member = Member();
        var score = Score();
        if (!_model.TryGetValue(key, out var model)) _model[key] = model = new ZsetModel();
        var given = score;
        var isIncrement = _random.Next(4) == 0;
        var expected = model.Add(member, ref given, isIncrement);
        var change = zset.Add(member, ref score, isIncrement ? ZsetRules.Increment : ZsetRules.None);
        Assert.That(change, Is.EqualTo(expected));
        if (model.Count == 0) _model.Remove(key);
    }

    private void Remove(string key)
    {
        var zset = new ZsetRef(_keyspace[0].LookupWrite(Bytes(key)));
        var member = Member();
        var expected = _model.TryGetValue(key, out var model) && model.Remove(member);
        Assert.That(zset.Remove(member), Is.EqualTo(expected));
        if (model is { Count: 0 }) _model.Remove(key);
    }

    private void RemoveRange(string key)
    {
        if (!_model.TryGetValue(key, out var model)) return;
        var start = _random.Next(model.Count);
        var count = _random.Next(10) == 0 ? _random.Next(model.Count - start + 1) : Math.Min(5, model.Count - start);
        new ZsetRef(_keyspace[0].LookupWrite(Bytes(key))).RemoveRange(new ZsetRange(start, count));
        model.RemoveRange(start, count);
        if (model.Count == 0) _model.Remove(key);
    }

    private void AskRanks(string key)
    {
        if (!_model.TryGetValue(key, out var model)) return;
        var zset = new ZsetRef(_keyspace[0].LookupRead(Bytes(key)));
        var score = Score();
        Assert.That(zset.CountBefore(ScoreBound.Before(score)), Is.EqualTo(model.Elements.Count(e => e.Score < score)));
        Assert.That(zset.CountBefore(ScoreBound.Behind(score)), Is.EqualTo(model.Elements.Count(e => e.Score <= score)));
        var member = Member();
        var expected = model.RankOf(member);
        Assert.That(zset.TryGetRank(member, ZsetOrder.Ascending, out var rank, out _), Is.EqualTo(expected >= 0));
        Assert.That(expected < 0 || rank == expected, Is.True);
        if (_scores > 1) return;
        Assert.That(zset.CountBefore(ScoreBound.Before(member)), Is.EqualTo(model.Elements.Count(e => e.Member.AsSpan().SequenceCompareTo(member) < 0)));
        Assert.That(zset.CountBefore(ScoreBound.Behind(member)), Is.EqualTo(model.Elements.Count(e => e.Member.AsSpan().SequenceCompareTo(member) <= 0)));
    }

    private void Compare(string key)
    {
        var entry = _keyspace[0].LookupRead(Bytes(key));
        Assert.That(entry.Exists, Is.EqualTo(_model.TryGetValue(key, out var model)));
        if (model == null) return;
        var zset = new ZsetRef(entry);
        Assert.That(zset.Count, Is.EqualTo(model.Count));
        var start = _random.Next(model.Count);
        AssertSame(zset.From(start, ZsetOrder.Ascending), model.Elements.Skip(start));
        AssertSame(zset.From(start, ZsetOrder.Descending), Enumerable.Reverse(model.Elements).Skip(start));
    }

    private void BeginFork() => _forks.Begin(_model.ToDictionary(pair => pair.Key, pair => pair.Value.Copy()));

    private static void AssertSame(SnapshotWalk walk, Dictionary<string, ZsetModel> frozen)
    {
        var seen = 0;
        for (; walk.MoveNext(); seen++)
        {
            var entry = walk.Entry;
            var model = frozen[Encoding.Latin1.GetString(entry.Key)];
            AssertSame(new ZsetElements(entry, 0, ZsetOrder.Ascending), model.Elements);
            if (entry.Form != ValueForm.ZsetTree) continue;
            var members = new TableCursor(entry.Collection<ZsetTree>().Table);
            var count = 0;
            for (; members.MoveNext(); count++)
                Assert.That(model.RankOf(members.Entry.Key.ToArray()), Is.GreaterThanOrEqualTo(0));
            Assert.That(count, Is.EqualTo(model.Count));
        }

        if (seen != frozen.Count) throw new AssertionException($"a fork sees {seen} keys of {frozen.Count}");
    }

    private static void AssertSame(ZsetElements elements, IEnumerable<(double Score, byte[] Member)> expected)
    {
        var scratch = new byte[20];
        var seen = 0;
        foreach ((var score, var member) in expected)
        {
            if (!elements.MoveNext() || !elements.Member.GetText(scratch).SequenceEqual(member) || elements.Score != score)
                throw new AssertionException($"element {seen} is not what it was");
            seen++;
        }

        if (elements.MoveNext()) throw new AssertionException($"there are more than {seen} elements");
    }

    private double Score()
    {
        var choice = _random.Next(_scores);
        return choice < Scores.Length ? Scores[choice] : choice * 0.25;
    }

    // Some begin alike for longer than a bound in a tree, some are too long for a leaf.
    private byte[] Member()
    {
        var number = _random.Next(_members);
        return Bytes((number % 16) switch
        {
            0 => new string('p', 90) + number,
            1 => new string('q', 300) + number,
            2 => $"{number}",
            _ => $"member:{number}",
        });
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}

/// <summary>What a sorted set should be: a sorted list.</summary>
internal sealed class ZsetModel
{
    private readonly Dictionary<string, double> _scores = [];

    /// <summary>The elements in order.</summary>
    public List<(double Score, byte[] Member)> Elements { get; private init; } = [];

    public int Count => Elements.Count;

    public ZsetModel Copy()
    {
        var copy = new ZsetModel { Elements = [.. Elements] };
        foreach ((var member, var score) in _scores)
            copy._scores[member] = score;
        return copy;
    }

    public ZsetChange Add(byte[] member, ref double score, bool isIncrement)
    {
        var exists = _scores.TryGetValue(Key(member), out var old);
        var wanted = exists && isIncrement ? old + score : score;
        if (double.IsNaN(wanted)) return ZsetChange.NotANumber;
        score = wanted;
        if (exists && old == wanted) return ZsetChange.None;
        Remove(member);
        _scores[Key(member)] = wanted;
        Elements.Insert(~Elements.BinarySearch((wanted, member), Order.Instance), (wanted, member));
        return exists ? ZsetChange.Moved : ZsetChange.Added;
    }

    public bool Remove(byte[] member)
    {
        var rank = RankOf(member);
        if (rank < 0) return false;
        Elements.RemoveAt(rank);
        return _scores.Remove(Key(member));
    }

    public void RemoveRange(int start, int count)
    {
        foreach ((_, var member) in Elements.GetRange(start, count))
            _scores.Remove(Key(member));
        Elements.RemoveRange(start, count);
    }

    public int RankOf(byte[] member) =>
        _scores.TryGetValue(Key(member), out var score) ? Elements.BinarySearch((score, member), Order.Instance) : -1;

    private static string Key(byte[] member) => Encoding.Latin1.GetString(member);

    private sealed class Order : IComparer<(double Score, byte[] Member)>
    {
        public static readonly Order Instance = new();

        public int Compare((double Score, byte[] Member) x, (double Score, byte[] Member) y)
        {
            var order = x.Score.CompareTo(y.Score);
            return order != 0 ? order : x.Member.AsSpan().SequenceCompareTo(y.Member);
        }
    }
}
