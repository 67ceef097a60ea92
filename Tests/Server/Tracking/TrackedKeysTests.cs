using System.Text;
using KestrelFree.Server.Tracking;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Tracking;

/// <summary>The invalidation table against sets of pairs.</summary>
internal sealed class TrackedKeysTests
{
    private TrackedKeys _tracked = null!;

    [SetUp]
    public void MakeTable() => _tracked = new TrackedKeys(new SystemClock(), HugePages.Off);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(16)]
    [TestCase(25)]
    [TestCase(26)]
    [TestCase(1000)]
    public void A_key_that_goes_names_everybody_who_holds_it_once(int clients)
    {
        for (var again = 0; again < 2; again++)
        {
            for (var id = 1; id <= clients; id++) _tracked.Add("k"u8, id);
        }

        _tracked.Add("other"u8, 5);

        Assert.That((_tracked.KeyCount, _tracked.PairCount), Is.EqualTo((2, clients + 1L)));
        Assert.That(Removed("k"), Is.EqualTo(Enumerable.Range(1, clients).Select(id => (long)id)));
        Assert.That((_tracked.KeyCount, _tracked.PairCount), Is.EqualTo((1, 1L)));
        Assert.That(Removed("k"), Is.Null);
    }

    [TestCase(1)]
    [TestCase(2)]
    public void Any_sequence_of_reads_and_changes_leaves_the_pairs_of_a_dictionary_of_sets(int seed)
    {
        var dice = new Random(seed);
        var model = new Dictionary<string, SortedSet<long>>();
        for (var step = 0; step < 60_000; step++)
        {
            // Few keys have many holders, and many keys few.
            var key = dice.Next(3) == 0 ? $"hot:{dice.Next(3)}" : new string('k', dice.Next(1, 3) == 1 ? 1 : 250) + dice.Next(3000);
            if (dice.Next(step % 20_000 < 15_000 ? 12 : 2) != 0)
            {
                var id = (long)dice.Next(1, 60) << 33;
                _tracked.Add(Encoding.ASCII.GetBytes(key), id);
                if (!model.TryGetValue(key, out var holders)) model.Add(key, holders = []);
                holders.Add(id);
            }
            else
            {
                Assert.That(Removed(key), Is.EqualTo(model.GetValueOrDefault(key)), $"seed {seed}, step {step}");
                model.Remove(key);
            }

            if (step % 25_001 == 25_000) Clear(model);
        }

        _tracked.Validate();
        Assert.That((_tracked.KeyCount, _tracked.PairCount), Is.EqualTo(((long)model.Count, model.Values.Sum(holders => (long)holders.Count))), $"seed {seed}");
    }

    [Test]
    public void Drawing_keys_until_none_is_left_comes_to_all_of_them()
    {
        for (var at = 0; at < 1000; at++) _tracked.Add(Encoding.ASCII.GetBytes($"k:{at}"), 1);

        var drawn = new HashSet<string>();
        while (_tracked.DrawKey() is { } key)
        {
            drawn.Add(Encoding.ASCII.GetString(key));
            _tracked.Remove(key, []);
        }

        Assert.That(drawn, Has.Count.EqualTo(1000));
        Assert.That((_tracked.KeyCount, _tracked.PairCount), Is.EqualTo((0, 0L)));
    }

    private void Clear(Dictionary<string, SortedSet<long>> model)
    {
        _tracked.Clear();
        model.Clear();
        while (_tracked.RunMaintenance(1000)) { }
    }

    private IEnumerable<long>? Removed(string key)
    {
        var holders = new List<long>();
        return _tracked.Remove(Encoding.ASCII.GetBytes(key), holders) ? holders.Order() : null;
    }
}
