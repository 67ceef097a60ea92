using KestrelFree.Server.Loop;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Loop;

public sealed class TimerQueueTests
{
    private readonly List<string> _ran = [];
    private TimerQueue _timers = new();

    [SetUp]
    public void Start_empty()
    {
        _timers = new TimerQueue();
        _ran.Clear();
    }

    [Test]
    public void Timers_run_in_the_order_of_their_due_times_and_then_of_their_arrival()
    {
        AddOnce("c", delayMs: 20);
        AddOnce("a", delayMs: 10);
        AddOnce("b", delayMs: 10);

        var ran = _timers.RunDue(20_000);

        Assert.That(ran, Is.EqualTo(3));
        Assert.That(_ran, Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(_timers.Count, Is.Zero);
    }

    [Test]
    public void A_timer_does_not_run_a_microsecond_early()
    {
        AddOnce("a", delayMs: 1);

        Assert.That(_timers.RunDue(999), Is.Zero);
        Assert.That(_timers.RunDue(1000), Is.EqualTo(1));
    }

    [Test]
    public void A_callback_that_answers_a_delay_runs_again_after_it()
    {
        var calls = 0;
        _timers.Add(0, 5, () => ++calls < 3 ? 7 : TimerQueue.NoMore);

        _timers.RunDue(5000);
        Assert.That(_timers.NextDueMicros, Is.EqualTo(12_000));

        _timers.RunDue(12_000);
        _timers.RunDue(19_000);
        Assert.That(calls, Is.EqualTo(3));
        Assert.That(_timers.NextDueMicros, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void A_timer_that_always_answers_zero_runs_once_a_turn()
    {
        var calls = 0;
        _timers.Add(0, 0, () =>
        {
            calls++;
            return 0;
        });

        _timers.RunDue(10);

        Assert.That(calls, Is.EqualTo(1));
    }

    [Test]
    public void A_timer_added_by_a_callback_waits_for_the_next_turn()
    {
        _timers.Add(0, 0, () =>
        {
            AddOnce("inner", delayMs: 0);
            return TimerQueue.NoMore;
        });

        _timers.RunDue(0);
        Assert.That(_ran, Is.Empty);

        _timers.RunDue(0);
        Assert.That(_ran, Is.EqualTo(new[] { "inner" }));
    }

    [Test]
    public void A_timer_that_removes_itself_does_not_run_again_whatever_it_answers()
    {
        long id = 0;
        id = _timers.Add(0, 0, () =>
        {
            _timers.Remove(id);
            return 0;
        });

        Assert.That(_timers.RunDue(0), Is.EqualTo(1));
        Assert.That(_timers.Count, Is.Zero);
        Assert.That(_timers.Remove(id), Is.False);
    }

    [Test]
    public void A_due_timer_removed_by_an_earlier_one_does_not_run()
    {
        long second = 0;
        _timers.Add(0, 1, () =>
        {
            _timers.Remove(second);
            return TimerQueue.NoMore;
        });
        second = AddOnce("second", delayMs: 2);

        _timers.RunDue(5000);

        Assert.That(_ran, Is.Empty);
    }

    [Test]
    public void A_nested_call_runs_no_timers()
    {
        _timers.Add(0, 0, () =>
        {
            Assert.That(_timers.RunDue(1_000_000), Is.Zero);
            return TimerQueue.NoMore;
        });
        AddOnce("later", delayMs: 1);

        _timers.RunDue(1_000_000);

        Assert.That(_ran, Is.EqualTo(new[] { "later" }));
    }

    [Test]
    public void Random_timers_run_as_a_sorted_list_would()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var model = new Dictionary<long, long>();
        long now = 0;
        for (var step = 0; step < 3000; step++)
        {
            long delayMs = random.Next(50);
            long id = 0;
            switch (random.Next(4))
            {
                case 0 or 1:
                    id = _timers.Add(now, delayMs, () =>
                    {
                        Assert.That(model[id], Is.EqualTo(model.Values.Min()), $"seed {seed}");
                        model.Remove(id);
                        return TimerQueue.NoMore;
                    });
                    model.Add(id, now + (delayMs * 1000));
                    break;
                case 2 when model.Count > 0:
                    id = model.Keys.ElementAt(random.Next(model.Count));
                    Assert.That(_timers.Remove(id), Is.True, $"seed {seed}");
                    model.Remove(id);
                    break;
                default:
                    now += random.Next(20_000);
                    _timers.RunDue(now);
                    Assert.That(model.Values, Has.All.GreaterThan(now), $"seed {seed}");
                    break;
            }

            Assert.That(_timers.Count, Is.EqualTo(model.Count), $"seed {seed}");
        }
    }

    private long AddOnce(string name, long delayMs) => _timers.Add(0, delayMs, () =>
    {
        _ran.Add(name);
        return TimerQueue.NoMore;
    });
}
