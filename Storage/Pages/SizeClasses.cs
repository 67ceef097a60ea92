using System.Numerics;

namespace KestrelFree.Storage.Pages;

/// <summary>
/// The sizes that runs come in: multiples of 64 bytes, eight to a doubling, up to 256 KB: at most 12 % over what was asked for from 512 bytes on.
/// </summary>
internal static class SizeClasses
{
    public const int UnitBytes = 64;
    public const int MaxBytes = 256 * 1024;
    private const int MinBytes = 256;
    private const int PerDoubling = 8;

    private static readonly int[] Sizes = BuildSizes();
    private static readonly byte[] ByUnits = BuildIndex();

    /// <summary>How many classes there are.</summary>
    public static int Count => Sizes.Length;

    /// <summary>The smallest class that holds so many bytes (at most <see cref="MaxBytes"/>).</summary>
    public static int ClassOf(int bytes) => ByUnits[(bytes + UnitBytes - 1) / UnitBytes];

    /// <summary>The bytes of a class's runs.</summary>
    public static int BytesOf(int sizeClass) => Sizes[sizeClass];

    private static int[] BuildSizes()
    {
        var sizes = new List<int>();
        for (int size = MinBytes; size <= MaxBytes; size += StepAfter(size))
            sizes.Add(size);
        return [.. sizes];
    }

    private static int StepAfter(int size) => Math.Max(UnitBytes, (1 << BitOperations.Log2((uint)size)) / PerDoubling);

    private static byte[] BuildIndex()
    {
        byte[] index = new byte[MaxBytes / UnitBytes + 1];
        int sizeClass = 0;
        for (int units = 0; units < index.Length; units++)
        {
            if (units * UnitBytes > Sizes[sizeClass]) sizeClass++;
            index[units] = (byte)sizeClass;
        }

        return index;
    }
}
