using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

// Generated requests, answered by a real redis-server and by ours, reply by reply and byte by byte. ORACLE_SEED chooses
// other scripts and ORACLE_SCRIPTS how many per command; a failure prints its seed and the shortest script that fails.

/// <summary>Every command of the grammar against the oracle, in both protocol versions.</summary>
[TestFixture(2)]
[TestFixture(3)]
internal sealed class GeneratedCommandTests(int protocolVersion)
{
    private static readonly int Scripts = OracleSettings.Scripts(60);

    private readonly Tally _tally = new();
    private OraclePair _pair = null!;
    private ScriptGenerator _generator = null!;

    [OneTimeSetUp]
    public void StartServers()
    {
        _pair = new OraclePair();
        using var client = _pair.Ours.Connect();
        _generator = new ScriptGenerator(new KeyKinds(client, _tally));
    }

    [OneTimeTearDown]
    public void StopServers()
    {
        TestContext.Progress.WriteLine($"RESP{protocolVersion}: {_tally}");
        _pair?.Dispose();
    }

    [TestCaseSource(typeof(CommandGrammars), nameof(CommandGrammars.All))]
    public void The_replies_are_the_oracles(CommandGrammar command)
    {
        for (var round = 0; round < (command.Waits ? Scripts / 3 : Scripts); round++)
        {
            var seed = HashCode(command.Name) ^ (OracleSettings.Seed + round);
            var pacing = command.ClosesConnection || round % 4 == 0 ? Pacing.OneByOne : Pacing.Pipelined;
            var script = _generator.Generate(command, seed);
            try
            {
                if (Compare(script, pacing) is not null) Assert.Fail(Explain(script, seed, pacing));
            }
            catch (TimeoutException silence)
            {
                Assert.Fail($"seed {seed}, RESP{protocolVersion}, {pacing}: {silence.Message}\n{script}\n\nOur log:\n{_pair.Ours.Log}");
            }
        }
    }

    private Mismatch? Compare(Script script, Pacing pacing) => Comparison.FirstMismatch(_pair.Run(script, protocolVersion, pacing), _tally);

    private string Explain(Script script, int seed, Pacing pacing)
    {
        var shortest = ScriptShrinker.Shrink(script, candidate => Compare(candidate, pacing) is not null);
        var mismatch = Compare(shortest, pacing);
        return $"seed {seed}, RESP{protocolVersion}, {pacing}; the shortest script that differs:\n{shortest}\n\nIt differs at: {mismatch}\n\nOur log:\n{_pair.Ours.Log}";
    }

    /// <summary>A hash that is the same in every run, unlike string.GetHashCode.</summary>
    private static int HashCode(string text) => text.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) & 0x3fffffff;
}
