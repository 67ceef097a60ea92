using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>GEOSEARCH ... BYPOLYGON, which is Valkey 9's and unknown to the oracle.</summary>
internal sealed class GeoPolygonTests : SharedServerFixture
{
    private const string Square = "BYPOLYGON 4 13 37 16 37 16 39 13 39";

    [OneTimeSetUp]
    public void Prepare()
    {
        Client.AskLine("GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.4964 41.9028 Rome");
    }

    [TestCase($"GEOSEARCH geo {Square} ASC", "*2\n  $\"Catania\"\n  $\"Palermo\"")]
    [TestCase($"GEOSEARCH geo {Square} COUNT 1", "*1\n  $\"Catania\"")]
    [TestCase("GEOSEARCH geo BYPOLYGON 3 12 41 13 41 12.5 43", "*1\n  $\"Rome\"")]
    [TestCase("GEOSEARCH geo BYPOLYGON 3 0 0 1 0 1 1", "*0")]
    [TestCase($"GEOSEARCHSTORE stored geo {Square}", ":2")]
    [TestCase($"GEOSEARCH none {Square}", "*0")]
    [TestCase("GEOSEARCH geo BYPOLYGON 2 13 37 16 37 ASC", "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")]
    [TestCase("GEOSEARCH geo BYPOLYGON 4 13 37 16 37 16 39", "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")]
    [TestCase("GEOSEARCH geo BYPOLYGON x 13 37 16 37 16 39", "-ERR invalid number of vertices")]
    [TestCase("GEOSEARCH geo BYPOLYGON 3 13 37 16 97 16 39", "-ERR invalid longitude,latitude pair 16.000000,97.000000")]
    [TestCase($"GEOSEARCH geo FROMMEMBER Palermo {Square}", "-ERR syntax error")]
    [TestCase($"GEOSEARCH geo {Square} FROMLONLAT 1 1", "-ERR syntax error")]
    [TestCase($"GEOSEARCH geo {Square} BYRADIUS 1 km", "-ERR syntax error")]
    public void A_polygon_is_searched(string line, string expected) => Assert.That(Client.AskLine(line), Is.EqualTo(expected));

    [Test]
    public void Distances_are_those_from_the_middle_of_its_corners()
    {
        var reply = Client.AskLine("GEOSEARCH geo BYPOLYGON 4 13 38 15 38 15 39 13 39 WITHDIST");
        var distance = Client.AskLine("GEODIST geo Palermo Catania");

        Assert.That(reply, Does.Match("^\\*1\n  \\*2\n    \\$\"Palermo\"\n    \\$\"70[0-9]{3}\\.[0-9]{4}\"$"));
        Assert.That(distance, Is.EqualTo("$\"166274.1516\""));
    }
}
