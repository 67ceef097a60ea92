using KestrelFree.Storage;

namespace KestrelFree.Tests.Storage;

/// <summary>What the server's cron does for a keyspace, as far as a test needs it.</summary>
internal static class KeyspaceUpkeep
{
    private const int SliceMicros = 1000;

    /// <summary>Does all that is left to do.</summary>
    public static void FinishMaintenance(this Keyspace keyspace)
    {
        while (keyspace.RunMaintenance(SliceMicros))
        {
        }
    }

    /// <summary>Does some of it. Once in a while everything is moved, some of it now and the rest at the next calls.</summary>
    public static void MaintainForATime(this Keyspace keyspace, Random random)
    {
        if (random.Next(4) == 0) keyspace.CompactEverything();
        keyspace.RunMaintenance(random.Next(50));
    }
}
