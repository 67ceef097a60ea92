using System.Text;
using KestrelFree.Server.Tracking;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Tracking;

/// <summary>What is told of the changes of a turn: each key once, in order, with who changed it last.</summary>
internal sealed class ChangedKeysTests
{
    private ChangedKeys _changed = null!;

    [SetUp]
    public void Begin() => _changed = new ChangedKeys();

    [Test]
    public void Keys_that_differ_only_behind_their_end_or_in_nulls_stay_apart_and_in_order()
    {
        foreach (var key in new[] { "a\0\0", "", "a", "a\0", "b", "a", "a\0\0\0\0\0\0\0\0\0", "\u00ff", "" }) Add(key, 1);

        Assert.That(Told().Select(told => told.Key), Is.EqualTo(new[] { "", "a", "a\0", "a\0\0", "a\0\0\0\0\0\0\0\0\0", "b", "\u00ff" }));
    }

    [Test]
    public void Any_changes_are_told_as_a_sorted_dictionary_has_them([Range(1, 12)] int seed)
    {
        var dice = new Random(seed);
        for (var turn = 0; turn < 20; turn++)
        {
            var model = new SortedDictionary<string, long>(StringComparer.Ordinal);
            var (changes, names) = (dice.Next(1, turn == 7 ? 30_000 : 300), dice.Next(1, 20_000));
            for (var at = 0; at < changes; at++)
            {
                var (key, changer) = (Name(dice, seed % 4, dice.Next(names)), (long)dice.Next(4));
                Add(key, changer);
                model[key] = changer;
            }

            Assert.That(_changed.IsEmpty, Is.False);
            Assert.That(Told(), Is.EqualTo(model.Select(pair => (pair.Key, pair.Value))), $"seed {seed}, turn {turn}");
            _changed.Clear();
            Assert.That((_changed.IsEmpty, _changed.Count), Is.EqualTo((true, 0)));
        }
    }

    [Test]
    public void A_key_that_changes_a_million_times_takes_the_room_of_a_few_thousand_changes()
    {
        Add("other", 7);
        Add("counter", 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 1_000_000; at++) _changed.Add("counter"u8, at);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
        Assert.That(Told(), Is.EqualTo(new[] { ("counter", 999_999L), ("other", 7L) }));
    }

    // Four ways in which names of keys are alike: a counter behind a prefix, in front of what all share, of any length, and long.
    private static string Name(Random dice, int form, int number) => form switch
    {
        0 => $"key:{number:D12}",
        1 => $"{number}:profile:of:a:user",
        2 => dice.Next(8) == 0 ? new string('\0', number % 20) : $"{(char)(number % 256)}{number}",
        _ => $"{new string('k', 300)}{number % 1000}{new string('z', number % 12)}",
    };

    private void Add(string key, long changer) => _changed.Add(Encoding.Latin1.GetBytes(key), changer);

    private List<(string Key, long Changer)> Told()
    {
        _changed.Sort();
        return [.. Enumerable.Range(0, _changed.Count).Select(place => (Encoding.Latin1.GetString(_changed.Key(place)), _changed.Changer(place)))];
    }
}
