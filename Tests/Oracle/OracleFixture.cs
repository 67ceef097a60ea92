using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>A fixture whose tests share the oracle and this server, both started with these arguments.</summary>
internal abstract class OracleFixture(params string[] arguments)
{
    private OraclePair? _pair;

    /// <summary>The two servers.</summary>
    protected OraclePair Pair => _pair!;

    [OneTimeSetUp]
    public void StartServers() => _pair = new OraclePair(arguments);

    [OneTimeTearDown]
    public void StopServers() => _pair?.Dispose();

    /// <summary>Plays a scenario, told in lines of text, on both servers; it must come out alike.</summary>
    protected void Compare(Func<ServerProcess, IReadOnlyList<string>> scenario)
    {
        var theirs = scenario(Pair.Oracle);
        var ours = scenario(Pair.Ours);

        Assert.That(ours, Is.EqualTo(theirs), () => $"oracle:\n{string.Join('\n', theirs)}\nours:\n{string.Join('\n', ours)}");
    }
}
