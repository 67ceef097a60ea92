using System.Globalization;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>Reads positions, units and sizes, and writes positions and distances, as all geo commands do.</summary>
internal static class GeoArguments
{
    private const int DistanceDecimals = 10_000;

    /// <summary>Reads a longitude and the latitude behind it.</summary>
    internal static bool TryPositionOrReply(Client client, in ArgVector args, int at, out GeoPosition position)
    {
        position = default;
        if (!ArgumentParsing.TryDoubleOrReply(client, args[at], out var longitude)) return false;
        if (!ArgumentParsing.TryDoubleOrReply(client, args[at + 1], out var latitude)) return false;
        position = new GeoPosition(longitude, latitude);
        if (position.IsValid) return true;
        client.Reply.Error($"ERR invalid longitude,latitude pair {SixDecimals(longitude)},{SixDecimals(latitude)}");
        return false;
    }

    /// <summary>The position of a member; false if it is not there.</summary>
    internal static bool TryGetPosition(ZsetRef zset, ReadOnlySpan<byte> member, out GeoPosition position)
    {
        var exists = zset.TryGetScore(member, out var score);
        position = exists ? GeoHash.PositionOf(score) : default;
        return exists;
    }

    /// <summary>The position of a member that has to be there.</summary>
    internal static bool TryPositionOrReply(Client client, ZsetRef zset, ReadOnlySpan<byte> member, out GeoPosition position)
    {
        if (TryGetPosition(zset, member, out position)) return true;
        client.Reply.Error("ERR could not decode requested zset member"u8);
        return false;
    }

    /// <summary>Reads a unit of length, as a number of metres.</summary>
    internal static bool TryUnitOrReply(Client client, ReadOnlySpan<byte> word, out double meters)
    {
        meters = word.Is("m"u8) ? 1 : word.Is("km"u8) ? 1000 : word.Is("ft"u8) ? 0.3048 : word.Is("mi"u8) ? 1609.34 : 0;
        if (meters != 0) return true;
        client.Reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI"u8);
        return false;
    }

    /// <summary>Reads a radius and the unit behind it.</summary>
    internal static bool TryRadiusOrReply(Client client, in ArgVector args, int at, out double radius, out double unit)
    {
        unit = 0;
        if (!ArgumentParsing.TryDoubleOrReply(client, args[at], out radius, "ERR need numeric radius"u8)) return false;
        if (radius >= 0) return TryUnitOrReply(client, args[at + 1], out unit);
        client.Reply.Error("ERR radius cannot be negative"u8);
        return false;
    }

    /// <summary>Reads a width, the height behind it, and the unit of both.</summary>
    internal static bool TryBoxOrReply(Client client, in ArgVector args, int at, out double width, out double height, out double unit)
    {
        height = unit = 0;
        if (!ArgumentParsing.TryDoubleOrReply(client, args[at], out width, "ERR need numeric width"u8)) return false;
        if (!ArgumentParsing.TryDoubleOrReply(client, args[at + 1], out height, "ERR need numeric height"u8)) return false;
        if (width >= 0 && height >= 0) return TryUnitOrReply(client, args[at + 2], out unit);
        client.Reply.Error("ERR height or width cannot be negative"u8);
        return false;
    }

    /// <summary>Replies a distance with four decimals, as a string in either protocol.</summary>
    internal static void ReplyDistance(ReplyWriter reply, double distance)
    {
        Span<byte> text = stackalloc byte[Numbers.MaxIntegerBytes + 5];
        var scaled = (long)Math.Round(distance * DistanceDecimals);
        var length = Numbers.FormatInteger(text, scaled / DistanceDecimals);
        // The digit in front keeps the noughts behind the point, and makes room for it.
        Numbers.FormatInteger(text[length..], DistanceDecimals + (scaled % DistanceDecimals));
        text[length] = (byte)'.';
        reply.Bulk(text[..(length + 5)]);
    }

    /// <summary>Replies a position as two numbers.</summary>
    internal static void ReplyPosition(ReplyWriter reply, GeoPosition position)
    {
        reply.ArrayHeader(2);
        reply.HumanDouble(position.Longitude);
        reply.HumanDouble(position.Latitude);
    }

    private static string SixDecimals(double value) =>
        double.IsInfinity(value) ? (value > 0 ? "inf" : "-inf") : value.ToString("F6", CultureInfo.InvariantCulture);
}
