using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>The options of the end-to-end measurements, each a name and a value.</summary>
internal sealed class CommandOptions
{
    /// <summary>The tests that run when none are named.</summary>
    public const string DefaultTests = "set,get,incr,mset";

    private readonly List<(string Name, string Value)> _given = [];

    /// <summary>Reads "--name value" pairs; throws ArgumentException on anything else.</summary>
    public CommandOptions(string[] args)
    {
        string[] known = ["--server", "--tests", "--cells", "--rounds", "--idle", "--warm", "--times", "--executable", "--keys", "--bytes", "--only", "--what", "--settle", "--growth", "--random", "--seed"];
        for (var at = 0; at < args.Length; at += 2)
        {
            if (!known.Contains(args[at]) || at + 1 == args.Length)
                throw new ArgumentException($"Not an option with its value: {args[at]}; known are {string.Join(' ', known)}.");

            _given.Add((args[at][2..], args[at + 1]));
        }
    }

    /// <summary>Tests of redis-benchmark.</summary>
    public string Tests => Text("tests", DefaultTests);

    /// <summary>Cells as clients:pipeline:bytes:requests.</summary>
    public string Cells => Text("cells", "50:1:3:100000,50:16:3:1000000");

    /// <summary>Rounds per cell.</summary>
    public int Rounds => Number("rounds", 3);

    /// <summary>Keys to load.</summary>
    public int Keys => Number("keys", 10_000_000);

    /// <summary>Bytes of each value.</summary>
    public int ValueBytes => Number("bytes", 32);

    /// <summary>The one server to be measured; null for each.</summary>
    public string? Only => Has("only") ? Text("only", "") : null;

    /// <summary>What is measured, by name.</summary>
    public string[] What(string otherwise) => Text("what", otherwise).Split(',');

    /// <summary>Seconds between two measurements.</summary>
    public int SettleSeconds => Number("settle", 0);

    /// <summary>By how many MiB the memory of a server is to grow.</summary>
    public int GrowthMiB => Number("growth", 64);

    /// <summary>How many random cases.</summary>
    public int Random => Number("random", 0);

    /// <summary>What they are drawn with.</summary>
    public int Seed => Number("seed", 1);

    /// <summary>Idle connections to each server.</summary>
    public int Idle => Number("idle", 0);

    /// <summary>Requests of each warm-up.</summary>
    public int WarmUp => Number("warm", 300_000);

    /// <summary>How often a start is timed.</summary>
    public int Times => Number("times", 21);

    /// <summary>The executable that is measured; null for the usual one.</summary>
    public string? Executable => Has("executable") ? Text("executable", "") : null;

    /// <summary>The servers by name: the given ones, or ours on both back ends and the peers that are installed.</summary>
    public IEnumerable<(string Name, string Command)> Servers
    {
        get
        {
            var given = _given.Where(option => option.Name == "server").Select(option => option.Value.Split('=', 2)).Select(pair => (pair[0], pair[1])).ToArray();
            return given.Length > 0 ? given : Peers.Installed();
        }
    }

    /// <summary>Whether an option is given.</summary>
    public bool Has(string name) => _given.Exists(option => option.Name == name);

    private string Text(string name, string otherwise) => _given.FindLast(option => option.Name == name).Value ?? otherwise;

    private int Number(string name, int otherwise) => int.Parse(Text(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
}
