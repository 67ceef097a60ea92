using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>A keyspace equals its model under random operations, with expiry and overlapping forks. The test's arguments are its seed.</summary>
public sealed class KeyspacePropertyTests
{
    [Test]
    public void Small_values_equal_their_model([Range(1, 6)] int seed) => Run(seed, 60_000, new ScriptSizes(5000, 16, 150));

    [Test]
    public void Values_of_all_sizes_equal_their_model([Range(11, 14)] int seed) => Run(seed, 20_000, new ScriptSizes(800, 35, 200));

    [Test]
    public void Few_keys_that_change_all_the_time_equal_their_model([Range(21, 24)] int seed) => Run(seed, 30_000, new ScriptSizes(40, 30, 300));

    [Test]
    public void Keys_whose_leading_hash_bits_collide_equal_their_model([Range(31, 32)] int seed) =>
        Run(seed, 30_000, new ScriptSizes(5000, 16, 150), hashMask: 0x0000_0000_00ff_ffff);

    [Test]
    public void Keys_whose_tags_collide_equal_their_model([Range(41, 42)] int seed) =>
        Run(seed, 30_000, new ScriptSizes(3000, 16, 150), hashMask: 0xffff_ff00_0000_0000);

    [Test]
    public void Keys_that_all_have_one_hash_equal_their_model([Range(51, 52)] int seed) =>
        Run(seed, 10_000, new ScriptSizes(600, 20, 150), hashMask: 0);

    private static void Run(int seed, int operations, ScriptSizes sizes, ulong hashMask = ulong.MaxValue)
    {
        using var script = new KeyspaceScript(seed, sizes, hashMask);
        script.Run(operations);
    }
}
