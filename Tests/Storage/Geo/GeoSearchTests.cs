using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Geo;

/// <summary>Searches beside looking at every element, and the corners of shapes.</summary>
public sealed class GeoSearchTests
{
    private const int Elements = 2_000;

    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 7 });

    // Away from the poles and the date line, where cells as Redis chooses them do not reach everywhere.
    [Test]
    public void A_search_finds_what_is_in_the_area([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        Fill(random, new GeoPosition(-60, -50), new GeoPosition(80, 60));
        for (var i = 0; i < 60; i++)
        {
            var shape = DrawShape(random);
            var expected = All().Where(match => shape.TryMeasure(match.Position, out _)).Select(match => match.Rank).Order();

            Assert.That(GeoSearch.Find(Zset(), shape, long.MaxValue).Select(match => match.Rank).Order(), Is.EqualTo(expected), $"seed {seed}, shape {i}");
        }
    }

    [Test]
    public void A_limited_search_stops_early()
    {
        Fill(new Random(3), new GeoPosition(0, 0), new GeoPosition(1, 1));

        Assert.That(GeoSearch.Find(Zset(), GeoShape.Circle(new GeoPosition(0.5, 0.5), 1_000_000), 7), Has.Count.EqualTo(7));
    }

    [Test]
    public void The_nearest_come_first_or_last([Values] GeoOrder order, [Values(1, 10, 5_000)] int count)
    {
        Fill(new Random(4), new GeoPosition(0, 0), new GeoPosition(10, 10));
        var found = GeoSearch.Find(Zset(), GeoShape.Circle(new GeoPosition(5, 5), 400_000), long.MaxValue);
        double[] expected = [.. order switch
        {
            GeoOrder.Ascending => found.Select(match => match.Meters).Order(),
            GeoOrder.Descending => found.Select(match => match.Meters).OrderDescending(),
            _ => found.Select(match => match.Meters),
        }];
        GeoSearch.Sort(found, order, count);

        Assert.That(found.Select(match => match.Meters).Take(count), Is.EqualTo(expected.Take(count)));
    }

    [TestCase(2, 2, true)]
    [TestCase(5, 1, true)]
    [TestCase(5, 3, false)]
    [TestCase(5, 5, true)]
    [TestCase(-1, 1, false)]
    [TestCase(7, 1, false)]
    public void A_polygon_may_have_a_bay(double longitude, double latitude, bool isWithin)
    {
        var shape = GeoShape.Polygon([new(0, 0), new(6, 0), new(6, 2), new(4, 3), new(6, 4), new(6, 6), new(0, 6)]);

        Assert.That(shape.TryMeasure(new GeoPosition(longitude, latitude), out _), Is.EqualTo(isWithin));
    }

    [Test]
    public void A_position_is_kept_to_within_a_metre([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 10_000; i++)
        {
            var position = new GeoPosition(random.NextDouble() * 360 - 180, random.NextDouble() * 170 - 85);
            Assert.That(GeoHash.PositionOf(GeoHash.ScoreOf(position)).DistanceTo(position), Is.LessThan(1), $"seed {seed}");
        }
    }

    private static GeoShape DrawShape(Random random)
    {
        var center = new GeoPosition(random.NextDouble() * 80 - 30, random.NextDouble() * 60 - 30);
        var size = Math.Pow(10, 4 + random.NextDouble() * 2.3);
        if (random.Next(3) == 0) return GeoShape.Circle(center, size);
        if (random.Next(2) == 0) return GeoShape.Box(center, size, size * (0.2 + random.NextDouble()));
        var degrees = size / 100_000;
        var corners = new GeoPosition[3 + random.Next(8)];
        for (var i = 0; i < corners.Length; i++)
            corners[i] = new GeoPosition(center.Longitude + (random.NextDouble() - 0.5) * degrees, center.Latitude + (random.NextDouble() - 0.5) * degrees);
        return GeoShape.Polygon(corners);
    }

    private void Fill(Random random, GeoPosition from, GeoPosition to)
    {
        var zset = new ZsetRef(_keyspace[0].LookupWrite("geo"u8));
        for (var i = 0; i < Elements; i++)
        {
            var score = GeoHash.ScoreOf(new GeoPosition(
                from.Longitude + random.NextDouble() * (to.Longitude - from.Longitude),
                from.Latitude + random.NextDouble() * (to.Latitude - from.Latitude)));
            zset.Add(Encoding.ASCII.GetBytes($"m{i}"), ref score, ZsetRules.None);
        }
    }

    private List<GeoMatch> All()
    {
        var all = new List<GeoMatch>();
        for (var elements = Zset().From(0, ZsetOrder.Ascending); elements.MoveNext();)
            all.Add(new GeoMatch(all.Count, elements.Score, GeoHash.PositionOf(elements.Score), 0));
        return all;
    }

    private ZsetRef Zset() => new(_keyspace[0].LookupRead("geo"u8));
}
