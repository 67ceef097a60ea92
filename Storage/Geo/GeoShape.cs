namespace KestrelFree.Storage;

// An area that positions are searched in:
//
//     circle     what is no farther from the centre than the radius
//     box        what is no farther east or west than half its width, at its own latitude, and no farther north or south than half its height
//     polygon    what a line to the east leaves through an odd number of edges, degrees taken as on a map; its centre is the middle of its corners
//
// Cover finds the cells to look through: the one around the centre that is about as large as the area, and those of its eight neighbours that
// the area reaches into. The order of the cells is the order of results that are not sorted, so it is Redis's.

/// <summary>A circle, a box or a polygon on the earth's surface.</summary>
public sealed class GeoShape
{
    /// <summary>Cells that <see cref="Cover"/> finds at most.</summary>
    public const int MaxCells = 9;

    private const double HalfEquatorMeters = 20037726.37;
    private const double PolarLatitude = 66;
    private const double HighPolarLatitude = 80;

    private readonly GeoPosition _center;
    private readonly GeoBounds _bounds;
    private readonly GeoPosition[]? _corners;
    private readonly bool _isBox;
    private readonly double _radius;
    private readonly double _width;
    private readonly double _height;

    private GeoShape(GeoPosition center, double radius)
    {
        _center = center;
        _radius = radius;
        _bounds = center.Around(radius, radius);
    }

    private GeoShape(GeoPosition center, double width, double height)
    {
        _center = center;
        _isBox = true;
        (_width, _height) = (width, height);
        _radius = Math.Sqrt(width / 2 * (width / 2) + height / 2 * (height / 2));
        _bounds = center.Around(width / 2, height / 2);
    }

    private GeoShape(GeoPosition[] corners)
    {
        _corners = corners;
        _center = GeoPosition.MiddleOf(corners);
        _bounds = BoundsOf(corners);
        _radius = Math.Max(
            Math.Max(_center.DistanceTo(new(_bounds.West, _bounds.North)), _center.DistanceTo(new(_bounds.East, _bounds.North))),
            Math.Max(_center.DistanceTo(new(_bounds.West, _bounds.South)), _center.DistanceTo(new(_bounds.East, _bounds.South))));
    }

    /// <summary>A circle.</summary>
    public static GeoShape Circle(GeoPosition center, double radiusMeters) => new(center, radiusMeters);

    /// <summary>A box.</summary>
    public static GeoShape Box(GeoPosition center, double widthMeters, double heightMeters) => new(center, widthMeters, heightMeters);

    /// <summary>A polygon; there are three corners at least.</summary>
    public static GeoShape Polygon(GeoPosition[] corners) => new(corners);

    /// <summary>Whether a position lies within, and if so how far from the centre. O(1), O(corners) in a polygon.</summary>
    public bool TryMeasure(GeoPosition position, out double meters)
    {
        meters = 0;
        if (_corners != null ? !IsWithinCorners(position) : _isBox && !IsWithinBox(position)) return false;
        meters = _center.DistanceTo(position);
        return _isBox || _corners != null || meters <= _radius;
    }

    /// <summary>Finds the cells that the area lies in, in the order in which they are to be looked through; returns how many.</summary>
    public int Cover(Span<GeoHash> cells)
    {
        GeoHash center = GeoHash.Of(_center, EstimateStep());
        while (center.Step > 1 && !NeighborsReachTheBounds(center))
        {
            center = GeoHash.Of(_center, center.Step - 1);
            // Circles and boxes are content with one step less, as in Redis.
            if (_corners == null) break;
        }

        ReadOnlySpan<(int East, int North)> directions = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        int count = 0;
        foreach ((int east, int north) in directions)
        {
            if (IsUseless(center, east, north)) continue;
            // Cells that are half the world are neighbours on both sides.
            GeoHash cell = center.Neighbor(east, north);
            if (count > 1 && cell == cells[count - 1]) continue;
            cells[count++] = cell;
        }

        return count;
    }

    private static GeoBounds BoundsOf(GeoPosition[] corners)
    {
        var bounds = new GeoBounds(double.MaxValue, double.MinValue, double.MaxValue, double.MinValue);
        foreach (GeoPosition corner in corners)
        {
            bounds = new GeoBounds(
                Math.Min(bounds.West, corner.Longitude),
                Math.Max(bounds.East, corner.Longitude),
                Math.Min(bounds.South, corner.Latitude),
                Math.Max(bounds.North, corner.Latitude));
        }

        return bounds;
    }

    private bool IsWithinBox(GeoPosition position) =>
        _center.LatitudeDistanceTo(position) <= _height / 2
        && position.DistanceTo(position with { Longitude = _center.Longitude }) <= _width / 2;

    private bool IsWithinCorners(GeoPosition position)
    {
        bool isWithin = false;
        GeoPosition from = _corners![^1];
        foreach (GeoPosition to in _corners)
        {
            bool isCrossed = from.Latitude > position.Latitude != to.Latitude > position.Latitude;
            double share = (position.Latitude - to.Latitude) / (from.Latitude - to.Latitude);
            if (isCrossed && position.Longitude < to.Longitude + share * (from.Longitude - to.Longitude))
                isWithin = !isWithin;
            from = to;
        }

        return isWithin;
    }

    // Cells about as large as the radius, and larger ones near the poles, where they are narrow.
    private int EstimateStep()
    {
        if (_radius == 0) return GeoHash.MaxStep;
        int step = -1;
        for (double meters = _radius; meters < HalfEquatorMeters; meters *= 2)
            step++;
        double latitude = Math.Abs(_center.Latitude);
        if (latitude > PolarLatitude) step--;
        if (latitude > HighPolarLatitude) step--;
        return Math.Clamp(step, 1, GeoHash.MaxStep);
    }

    private bool NeighborsReachTheBounds(GeoHash center) =>
        !(center.Neighbor(0, 1).Bounds.North < _bounds.North
        || center.Neighbor(0, -1).Bounds.South > _bounds.South
        || center.Neighbor(1, 0).Bounds.East < _bounds.East
        || center.Neighbor(-1, 0).Bounds.West > _bounds.West);

    // Where the cell around the centre reaches beyond the area, the neighbours on that side are not needed. Those of a quarter of the world
    // always are.
    private bool IsUseless(GeoHash center, int east, int north)
    {
        if (center.Step < 2) return false;
        GeoBounds cell = center.Bounds;
        return (north < 0 && cell.South < _bounds.South)
            || (north > 0 && cell.North > _bounds.North)
            || (east < 0 && cell.West < _bounds.West)
            || (east > 0 && cell.East > _bounds.East);
    }
}
