using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

/// <summary>The keys that scripts start with, one of each kind that both servers have, and the questions asked about them at the end.</summary>
internal sealed class KeyKinds
{
    private static readonly string[] Makers =
    [
        "SET int 42", "SET zero 0", "SET max 9223372036854775807", "SET min -9223372036854775808", "SET float 3.14", "SET short hello",
        $"SET long {new string('x', 300)}", "SET empty \"\"", "SET volatile v EX 1000000", "RPUSH list a b c", $"RPUSH biglist a 1 {new string('l', 5000)} b a {new string('m', 5000)} 2 c", "HSET hash f v g 12 h 3.5", $"HSET bighash f v g 12 h 3.5 big {new string('x', 65)}", "SADD set 1 2 x", "SADD lone only", "SADD intset 1 2 3 5 -70000", $"SADD bigset 1 2 x y z {new string('m', 65)}", "ZADD zset 1 a 2 b 2 c 3.5 d",
        $"ZADD bigzset 1 a 1 b 2 c inf d 2.5 1 -1 e 100 {new string('z', 65)}", "ZADD lexzset 0 a 0 b 0 c 0 d 0 e 0 alpha 0 1",
        $"ZADD biglexzset 0 {new string('z', 65)} {string.Join(' ', Enumerable.Range(0, 100).Select(number => $"0 member{number}"))}",
        "GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.4964 41.9028 Rome 13.361 38.116 a 179.9 10 east -179.9 10 west 10 85 north",
        $"GEOADD biggeo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania -70 -80 south 0 0 {new string('g', 65)}",
        "XADD stream 1-1 f v",
    ];

    private static readonly string[] PerKey = ["GET", "STRLEN", "TYPE", "EXISTS", "TTL", "OBJECT ENCODING"];

    /// <summary>Learns which commands the server has; a kind that it cannot make is reported as skipped.</summary>
    public KeyKinds(RawConnection ours, Tally tally)
    {
        var known = Makers.Concat(PerKey).Select(line => line.Split(' ')[0]).Distinct().Where(name => IsKnown(ours, name)).ToHashSet();
        foreach (var line in Makers.Concat(PerKey).Where(line => !known.Contains(line.Split(' ')[0])))
            tally.Skip($"not asked, the server has no {line.Split(' ')[0]}: {line}");

        var made = Makers.Where(line => known.Contains(line.Split(' ')[0])).Select(ByteText.SplitArguments).ToArray();
        Prelude = made;

        // Keys that could not be made are asked about too: a script may have made strings of them, and asking ends those that have expired.
        var keys = Makers.Select(line => line.Split(' ')[1]).Append("missing").Append("").Append("bin\0\r\n").ToArray();
        Questions =
        [
            ["SELECT", "0"],
            .. keys.SelectMany(key => PerKey.Where(line => known.Contains(line.Split(' ')[0])).Select(line => (string[])[.. line.Split(' '), key])),
            ["DBSIZE"],
        ];
    }

    /// <summary>The requests that make the keys.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Prelude { get; }

    /// <summary>The requests that ask about every key.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Questions { get; }

    private static bool IsKnown(RawConnection server, string name) => server.Ask("COMMAND", "INFO", name) is not ("*1\n  $nil" or "*1\n  *nil" or "*1\n  _");
}
