namespace KestrelFree.Storage;

// A cell of the earth's surface. The world's rectangle of longitudes and latitudes is halved step by step, west from east and south from north; each
// step adds two bits:
//
//     ... longitude latitude longitude latitude        odd bits longitude, even bits latitude
//
// What lies close together mostly has a common beginning, so a cell with few bits is a range of cells with more. With 26 steps, 52 bits, a cell is
// 60 cm wide, and its number is exact as a double: it is the score under which a sorted set keeps a position.
//
// Source: Redis's geohash of 52 bits, which clients see as scores (GEORADIUS ... WITHHASH), so that numbers must be the same to the bit. The
// latitudes are those of the Mercator map; the text of GEOHASH has all latitudes, as geohash.org.

/// <summary>A cell of the earth's surface, of a size that is a number of halvings.</summary>
/// <param name="Bits">Its number among the cells of this size.</param>
/// <param name="Step">How often longitudes and latitudes were halved; 0 for no cell.</param>
public readonly record struct GeoHash(ulong Bits, int Step)
{
    /// <summary>The halvings of a position's own cell.</summary>
    public const int MaxStep = 26;

    /// <summary>Bytes that <see cref="WriteText"/> writes.</summary>
    public const int TextBytes = 11;

    private const ulong LatitudeBits = 0x5555555555555555;
    private const ulong LongitudeBits = 0xaaaaaaaaaaaaaaaa;
    private const double AllLatitudes = 90;

    /// <summary>The score of the first position within.</summary>
    public double FirstScore => Bits << (2 * (MaxStep - Step));

    /// <summary>The score behind the last position within.</summary>
    public double EndScore => (Bits + 1) << (2 * (MaxStep - Step));

    /// <summary>The cell around a position.</summary>
    public static GeoHash Of(GeoPosition position, int step) => Of(position, GeoPosition.MaxLatitude, step);

    /// <summary>The score of a position.</summary>
    public static double ScoreOf(GeoPosition position) => Of(position, MaxStep).FirstScore;

    /// <summary>The position that a score stands for: the middle of its cell.</summary>
    public static GeoPosition PositionOf(double score)
    {
        // What is negative wraps round, as in C.
        GeoBounds bounds = new GeoHash(score < long.MaxValue ? (ulong)(long)score : (ulong)score, MaxStep).Bounds;
        return new GeoPosition(
            Math.Clamp((bounds.West + bounds.East) / 2, -GeoPosition.MaxLongitude, GeoPosition.MaxLongitude),
            Math.Clamp((bounds.South + bounds.North) / 2, -GeoPosition.MaxLatitude, GeoPosition.MaxLatitude));
    }

    /// <summary>Writes the position's name of <see cref="TextBytes"/> letters, as geohash.org knows it; the last one is always 0.</summary>
    public static void WriteText(GeoPosition position, Span<byte> text)
    {
        const int bitsPerLetter = 5;
        ulong bits = Of(position, AllLatitudes, MaxStep).Bits;
        ReadOnlySpan<byte> letters = "0123456789bcdefghjkmnpqrstuvwxyz"u8;
        for (int i = 0; i < TextBytes - 1; i++)
            text[i] = letters[(int)(bits >> (2 * MaxStep - (i + 1) * bitsPerLetter)) & 0x1f];
        text[TextBytes - 1] = letters[0];
    }

    /// <summary>The degrees within.</summary>
    internal GeoBounds Bounds
    {
        get
        {
            double cells = 1ul << Step;
            uint row = Gather(Bits);
            uint column = Gather(Bits >> 1);
            const double width = 2 * GeoPosition.MaxLongitude;
            const double height = 2 * GeoPosition.MaxLatitude;
            return new GeoBounds(
                -GeoPosition.MaxLongitude + column / cells * width,
                -GeoPosition.MaxLongitude + unchecked(column + 1) / cells * width,
                -GeoPosition.MaxLatitude + row / cells * height,
                -GeoPosition.MaxLatitude + unchecked(row + 1) / cells * height);
        }
    }

    /// <summary>The cell so many to the east and to the north, each at most one; the world is round either way.</summary>
    internal GeoHash Neighbor(int east, int north) =>
        this with { Bits = Moved(LongitudeBits, east) | Moved(LatitudeBits, north) };

    private static GeoHash Of(GeoPosition position, double maxLatitude, int step)
    {
        double cells = 1ul << step;
        double row = (position.Latitude + maxLatitude) / (2 * maxLatitude) * cells;
        double column = (position.Longitude + GeoPosition.MaxLongitude) / (2 * GeoPosition.MaxLongitude) * cells;
        return new GeoHash(Spread((uint)row) | (Spread((uint)column) << 1), step);
    }

    // Filled with ones, the other coordinate's bits hand a carry on; filled with noughts, a borrow. A coordinate at the very end of the world
    // has one bit more than others, which only a move takes away.
    private ulong Moved(ulong mask, int by)
    {
        ulong own = mask >> (64 - 2 * Step);
        ulong other = ~mask >> (64 - 2 * Step);
        ulong bits = Bits & mask;
        return by switch
        {
            > 0 => own & (bits + other + 1),
            < 0 => own & ((bits | other) - (other + 1)),
            _ => bits,
        };
    }

    private static ulong Spread(uint value)
    {
        ulong bits = value;
        bits = (bits | (bits << 16)) & 0x0000ffff0000ffff;
        bits = (bits | (bits << 8)) & 0x00ff00ff00ff00ff;
        bits = (bits | (bits << 4)) & 0x0f0f0f0f0f0f0f0f;
        bits = (bits | (bits << 2)) & 0x3333333333333333;
        return (bits | (bits << 1)) & LatitudeBits;
    }

    private static uint Gather(ulong bits)
    {
        bits &= LatitudeBits;
        bits = (bits | (bits >> 1)) & 0x3333333333333333;
        bits = (bits | (bits >> 2)) & 0x0f0f0f0f0f0f0f0f;
        bits = (bits | (bits >> 4)) & 0x00ff00ff00ff00ff;
        bits = (bits | (bits >> 8)) & 0x0000ffff0000ffff;
        return (uint)(bits | (bits >> 16));
    }
}
