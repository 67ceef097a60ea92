using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

// A long campaign, of a million steps and a seed that is printed if it fails (CAMPAIGN_SEED repeats it):
//
//     CAMPAIGN_STEPS=1000000 dotnet test Tests -c Release --filter Name~A_campaign

/// <summary>
/// A keyspace equals its model under random operations, with expiry, compaction and overlapping forks. The test's arguments are its seed.
/// </summary>
public sealed class KeyspacePropertyTests
{
    private const int CampaignRound = 50_000;

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

    [Test]
    public void A_campaign_over_keyspaces_of_all_kinds_equals_its_model()
    {
        var steps = Setting("CAMPAIGN_STEPS", 20_000);
        var seed = Setting("CAMPAIGN_SEED", steps > 20_000 ? Environment.TickCount : 61);
        ScriptSizes[] sizes = [new(5000, 16, 150), new(800, 35, 200), new(40, 30, 300), new(20_000, 16, 150), new(3000, 26, 100)];
        ulong[] masks = [ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x0000_0000_00ff_ffff, 0xffff_ff00_0000_0000];
        for (var done = 0; done < steps; done += CampaignRound, seed++)
        {
            try
            {
                Run(seed, Math.Min(CampaignRound, steps), sizes[(uint)seed % sizes.Length], masks[(uint)seed / sizes.Length % masks.Length]);
            }
            catch (Exception failure)
            {
                throw new AssertionException($"CAMPAIGN_SEED={seed}, after {done} steps: {failure.Message}", failure);
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    private static void Run(int seed, int operations, ScriptSizes sizes, ulong hashMask = ulong.MaxValue)
    {
        using var script = new KeyspaceScript(seed, sizes, hashMask);
        script.Run(operations);
    }
}
