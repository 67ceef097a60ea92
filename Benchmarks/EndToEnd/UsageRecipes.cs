using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// Keys with a history. A recipe draws a type, how many elements and how large, and up to four further steps that keys of it go through: growing,
// shrinking, overwriting, expiring. All that it draws it draws once, and its name tells it, so that all its keys are of one kind and the same seed
// draws the same recipes; only elements whose sizes vary are drawn key by key. A step never removes the last element.

/// <summary>Draws random shapes of keys.</summary>
internal static class UsageRecipes
{
    private const int MostSteps = 4;
    private const int AtOnce = 100;
    private const string InAWhile = "100000000";

    private delegate void Step(PipelinedClient client, string key, Random dice);

    private static readonly Func<Random, Draft>[] Types = [String, Bitmap, List, IntegerSet, Set, Hash, SortedSet, Stream, HyperLogLog];

    /// <summary>Draws so many.</summary>
    internal static IEnumerable<UsageShape> Draw(int count, int seed)
    {
        for (var i = 0; i < count; i++)
        {
            var dice = new Random(seed * 100_003 + i);
            var draft = Types[i % Types.Length](dice);
            for (var steps = dice.Next(MostSteps + 1); steps > 0 && draft.Further.Length > 0; steps--) draft.Add(draft.Further[dice.Next(draft.Further.Length)]());
            if (dice.Next(4) == 0) draft.Add("EXPIRE", (client, key, _) => client.SendUnheard("PEXPIRE", key, InAWhile));
            yield return draft.Finish(dice.Next(8) == 0 ? new string('k', dice.Next(400)) : "", dice.Next());
        }
    }

    private static Draft String(Random dice)
    {
        var first = Size(dice, 600_000);
        var draft = new Draft($"string {first}", (client, key, _) => client.SendUnheard("SET", key, Text(first)));
        draft.Further =
        [
            () =>
            {
                int times = dice.Next(1, 20), bytes = Size(dice, 30_000);
                return ($"APPEND {times} x {bytes}", (client, key, _) => Repeat(times, _ => client.SendUnheard("APPEND", key, Text(bytes))));
            },
            () =>
            {
                int offset = Size(dice, 400_000), bytes = Size(dice, 1000);
                return ($"SETRANGE {offset} {bytes}", (client, key, _) => client.SendUnheard("SETRANGE", key, $"{offset}", Text(bytes)));
            },
            () =>
            {
                var bytes = Size(dice, 400_000);
                return ($"SET {bytes}", (client, key, _) => client.SendUnheard("SET", key, Text(bytes)));
            },
            () => ("SET integer", (client, key, _) => client.SendUnheard("SET", key, "12345678901")),
        ];
        return draft;
    }

    private static Draft Bitmap(Random dice)
    {
        int bits = Size(dice, 3_000_000), step = dice.Next(1, bits + 1);
        var draft = new Draft($"bitmap {bits} by {step}", (client, key, _) =>
        {
            for (var bit = Math.Max(0, bits - 50 * step); bit <= bits; bit += step) client.SendUnheard("SETBIT", key, $"{bit}", "1");
        });
        draft.Further =
        [
            () =>
            {
                var bit = Size(dice, 4_000_000);
                return ($"SETBIT {bit}", (client, key, _) => client.SendUnheard("SETBIT", key, $"{bit}", "1"));
            },
            () =>
            {
                var bit = Size(dice, 4_000_000);
                return ($"BITFIELD {bit}", (client, key, _) => client.SendUnheard("BITFIELD", key, "SET", "u16", $"{bit}", "77"));
            },
        ];
        return draft;
    }

    private static Draft List(Random dice)
    {
        var count = Size(dice, 4000);
        var value = Sizes(dice, 2000, out var sizes);
        var draft = new Draft($"list {count} of {sizes}", (client, key, dice) => Add(client, "RPUSH", key, 0, count, _ => [value(dice)]));
        draft.Further =
        [
            () =>
            {
                var more = Size(dice, 1000);
                return ($"LPUSH {more}", (client, key, dice) => Add(client, "LPUSH", key, 0, more, _ => [value(dice)]));
            },
            () =>
            {
                var part = dice.Next(2, 10);
                return ($"LTRIM -{count / part + 1} -1", (client, key, _) => client.SendUnheard("LTRIM", key, $"-{count / part + 1}", "-1"));
            },
            () =>
            {
                var part = dice.Next(2, 10);
                return ($"LTRIM 0 {count / part}", (client, key, _) => client.SendUnheard("LTRIM", key, "0", $"{count / part}"));
            },
            () =>
            {
                var bytes = Size(dice, 20_000);
                return ($"LSET 0 {bytes}", (client, key, _) => client.SendUnheard("LSET", key, "0", Text(bytes)));
            },
        ];
        return draft;
    }

    private static Draft IntegerSet(Random dice)
    {
        int count = Size(dice, 5000), apart = Size(dice, 1_000_000);
        var draft = new Draft($"integers {count} by {apart}", (client, key, _) => Add(client, "SADD", key, 0, count, i => [$"{(long)i * apart}"]));
        draft.Further = [More("SADD", i => [$"{(long)i * apart}"], count, dice), Fewer("SREM", i => $"{(long)i * apart}", count, dice)];
        return draft;
    }

    private static Draft Set(Random dice)
    {
        int count = Size(dice, 5000), bytes = Size(dice, 400);
        string Member(int i) => $"{i:D8}" + Text(bytes);
        var draft = new Draft($"set {count} of {bytes + 8}", (client, key, _) => Add(client, "SADD", key, 0, count, i => [Member(i)]));
        draft.Further = [More("SADD", i => [Member(i)], count, dice), Fewer("SREM", Member, count, dice)];
        return draft;
    }

    private static Draft Hash(Random dice)
    {
        var count = Size(dice, 5000);
        var value = Sizes(dice, 2000, out var sizes);
        static string Field(int i) => $"field:{i:D6}";
        var draft = new Draft($"hash {count} of {sizes}", (client, key, dice) => Add(client, "HSET", key, 0, count, i => [Field(i), value(dice)]));
        draft.Further =
        [
            More("HSET", i => [Field(i), "0123456789"], count, dice),
            Fewer("HDEL", Field, count, dice),
            () =>
            {
                int bytes = Size(dice, 1000), fields = dice.Next(1, count + 1);
                return ($"HSET {fields} {bytes}", (client, key, _) => Add(client, "HSET", key, 0, fields, i => [Field(i), Text(bytes)]));
            },
            () =>
            {
                var fields = dice.Next(1, count + 1);
                return ($"HPEXPIRE {fields}", (client, key, _) => InBatches(fields, (from, many) => client.SendUnheard(["HPEXPIRE", key, InAWhile, "FIELDS", $"{many}", .. Enumerable.Range(from, many).Select(Field)])));
            },
            () =>
            {
                var fields = dice.Next(1, count + 1);
                return ($"HPERSIST {fields}", (client, key, _) => InBatches(fields, (from, many) => client.SendUnheard(["HPERSIST", key, "FIELDS", $"{many}", .. Enumerable.Range(from, many).Select(Field)])));
            },
        ];
        return draft;
    }

    private static Draft SortedSet(Random dice)
    {
        int count = Size(dice, 5000), bytes = Size(dice, 400);
        string Member(int i) => $"{i:D8}" + Text(bytes);
        var draft = new Draft($"sorted set {count} of {bytes + 8}", (client, key, dice) => Add(client, "ZADD", key, 0, count, i => [Score(dice), Member(i)]));
        draft.Further =
        [
            More("ZADD", i => [$"{i}", Member(i)], count, dice),
            Fewer("ZREM", Member, count, dice),
            () =>
            {
                var moved = dice.Next(1, count + 1);
                return ($"ZADD XX {moved}", (client, key, dice) => InBatches(moved, (from, many) => client.SendUnheard(["ZADD", key, "XX", .. Enumerable.Range(from, many).SelectMany(i => new[] { Score(dice), Member(i) })])));
            },
            () =>
            {
                var part = dice.Next(2, 10);
                return ($"ZREMRANGEBYRANK 1 {count / part}", (client, key, _) => client.SendUnheard("ZREMRANGEBYRANK", key, "1", $"{count / part}"));
            },
        ];
        return draft;
    }

    private static Draft Stream(Random dice)
    {
        int count = Size(dice, 2000), fields = dice.Next(1, 6);
        var value = Sizes(dice, 400, out var sizes);
        string[] Entry(Random dice) => [.. Enumerable.Range(0, fields).SelectMany(i => new[] { $"field-{i}", value(dice) })];
        var draft = new Draft($"stream {count} of {fields} x {sizes}", (client, key, dice) =>
        {
            Repeat(count, _ => client.SendUnheard(["XADD", key, "*", .. Entry(dice)]));
            client.SendUnheard("XGROUP", "CREATE", key, "group", "0");
        });
        draft.Further =
        [
            () =>
            {
                var left = dice.Next(1, count + 1);
                return ($"XTRIM {left}", (client, key, _) => client.SendUnheard("XTRIM", key, "MAXLEN", $"{left}"));
            },
            () =>
            {
                int pending = dice.Next(1, count + 1), consumers = dice.Next(1, 5);
                return ($"XREADGROUP {consumers} x {pending}", (client, key, _) => Repeat(consumers, i => client.SendUnheard("XREADGROUP", "GROUP", "group", $"c-{i}", "COUNT", $"{pending}", "STREAMS", key, ">")));
            },
            () =>
            {
                var more = Size(dice, 500);
                return ($"XADD {more}", (client, key, dice) => Repeat(more, _ => client.SendUnheard(["XADD", key, "*", .. Entry(dice)])));
            },
        ];
        return draft;
    }

    private static Draft HyperLogLog(Random dice)
    {
        var count = Size(dice, 20_000);
        var draft = new Draft($"HyperLogLog {count}", (client, key, _) => Add(client, "PFADD", key, 0, count, i => [$"{i}"]));
        draft.Further =
        [
            () =>
            {
                var more = Size(dice, 5000);
                return ($"PFADD {more}", (client, key, _) => Add(client, "PFADD", key, 0, more, i => [$"more:{i}"]));
            },
        ];
        return draft;
    }

    private static Func<(string, Step)> More(string command, Func<int, string[]> element, int count, Random dice) => () =>
    {
        var more = Size(dice, 1000);
        return ($"{command} {more} more", (client, key, _) => Add(client, command, key, count, more, element));
    };

    private static Func<(string, Step)> Fewer(string command, Func<int, string> element, int count, Random dice) => () =>
    {
        var kept = dice.Next(2, 20);
        return ($"{command} but each {kept}th", (client, key, _) =>
            InBatches(count, (from, many) =>
            {
                string[] gone = [.. Enumerable.Range(from, many).Where(i => i % kept != 0).Select(element)];
                if (gone.Length > 0) client.SendUnheard([command, key, .. gone]);
            }));
    };

    private static void Add(PipelinedClient client, string command, string key, int first, int count, Func<int, string[]> element) =>
        InBatches(count, (from, many) => client.SendUnheard([command, key, .. Enumerable.Range(first + from, many).SelectMany(element)]));

    private static void InBatches(int count, Action<int, int> action)
    {
        for (var from = 0; from < count; from += AtOnce) action(from, Math.Min(AtOnce, count - from));
    }

    private static void Repeat(int times, Action<int> action)
    {
        for (var i = 0; i < times; i++) action(i);
    }

    // Evenly over the orders of magnitude.
    private static int Size(Random dice, int most) => (int)Math.Exp(dice.NextDouble() * Math.Log(most));

    private static Func<Random, string> Sizes(Random dice, int most, out string told)
    {
        var bytes = Size(dice, most);
        var vary = dice.Next(2) == 0;
        told = vary ? $"1..{bytes}" : $"{bytes}";
        return vary ? dice => Text(dice.Next(1, bytes + 1)) : _ => Text(bytes);
    }

    private static string Score(Random dice) => dice.Next().ToString(CultureInfo.InvariantCulture);

    private static string Text(int length) => new('x', length);

    // A recipe that is being written.
    private sealed class Draft(string name, Step first)
    {
        private readonly List<Step> _steps = [first];
        private string _name = name;

        public Func<(string Name, Step Step)>[] Further { get; set; } = [];

        public void Add((string Name, Step Step) step) => Add(step.Name, step.Step);

        public void Add(string name, Step step)
        {
            _name += $", {name}";
            _steps.Add(step);
        }

        public UsageShape Finish(string keyTail, int seed)
        {
            var dice = new Random(seed);
            var name = keyTail.Length == 0 ? _name : $"{_name}, key of {keyTail.Length + 16}";
            return new UsageShape(name, "", (client, key) => _steps.ForEach(step => step(client, key, dice)), KeyTail: keyTail);
        }
    }
}
