namespace KestrelFree.Storage;

/// <summary>A position on the earth, in degrees.</summary>
/// <param name="Longitude">From west to east.</param>
/// <param name="Latitude">From south to north.</param>
public readonly record struct GeoPosition(double Longitude, double Latitude)
{
    /// <summary>The longitude farthest to either side.</summary>
    public const double MaxLongitude = 180;

    /// <summary>The latitude farthest to either side: where the Mercator map of the world is a square.</summary>
    public const double MaxLatitude = 85.05112878;

    private const double EarthRadiusMeters = 6372797.560856;
    private const double RadiansPerDegree = Math.PI / 180;

    /// <summary>Whether it can be stored.</summary>
    public bool IsValid => Math.Abs(Longitude) <= MaxLongitude && Math.Abs(Latitude) <= MaxLatitude;

    /// <summary>The distance along the surface, in metres, by the haversine formula.</summary>
    public double DistanceTo(GeoPosition other)
    {
        double v = Math.Sin((Radians(other.Longitude) - Radians(Longitude)) / 2);
        if (v == 0) return LatitudeDistanceTo(other);
        double latitude = Radians(Latitude);
        double otherLatitude = Radians(other.Latitude);
        double u = Math.Sin((otherLatitude - latitude) / 2);
        double a = u * u + Math.Cos(latitude) * Math.Cos(otherLatitude) * v * v;
        return 2.0 * EarthRadiusMeters * Math.Asin(Math.Sqrt(a));
    }

    /// <summary>How far north or south the other is, in metres.</summary>
    public double LatitudeDistanceTo(GeoPosition other) => EarthRadiusMeters * Math.Abs(Radians(other.Latitude) - Radians(Latitude));

    /// <summary>
    /// The rectangle of degrees around it that reaches so many metres to every side. Meridians come closer towards the poles, so the edge that is
    /// nearer to one is decisive in the northern half, and the same in the southern.
    /// </summary>
    internal GeoBounds Around(double metersAside, double metersUpAndDown)
    {
        double latitudes = Degrees(metersUpAndDown / EarthRadiusMeters);
        double edge = Latitude < 0 ? Latitude - latitudes : Latitude + latitudes;
        double longitudes = Degrees(metersAside / EarthRadiusMeters / Math.Cos(Radians(edge)));
        return new GeoBounds(Longitude - longitudes, Longitude + longitudes, Latitude - latitudes, Latitude + latitudes);
    }

    /// <summary>The middle of several, taken through the earth.</summary>
    internal static GeoPosition MiddleOf(ReadOnlySpan<GeoPosition> positions)
    {
        double x = 0, y = 0, z = 0;
        foreach (GeoPosition position in positions)
        {
            double latitude = Radians(position.Latitude);
            double longitude = Radians(position.Longitude);
            x += Math.Cos(latitude) * Math.Cos(longitude);
            y += Math.Cos(latitude) * Math.Sin(longitude);
            z += Math.Sin(latitude);
        }

        return new GeoPosition(Degrees(Math.Atan2(y, x)), Degrees(Math.Atan2(z, Math.Sqrt(x * x + y * y))));
    }

    private static double Radians(double degrees) => degrees * RadiansPerDegree;

    private static double Degrees(double radians) => radians / RadiansPerDegree;
}

/// <summary>A rectangle of degrees.</summary>
internal readonly record struct GeoBounds(double West, double East, double South, double North);
