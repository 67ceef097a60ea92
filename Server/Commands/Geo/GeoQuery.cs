using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>How the commands that search for positions differ.</summary>
[Flags]
internal enum GeoForm
{
    /// <summary>GEORADIUS: around a position, which comes before the options.</summary>
    AroundPosition = 1,

    /// <summary>GEORADIUSBYMEMBER: around a member, which comes before the options.</summary>
    AroundMember = 2,

    /// <summary>Matches may be stored, with STORE and STOREDIST.</summary>
    MayStore = 4,

    /// <summary>GEOSEARCH: options tell centre and shape.</summary>
    Options = 8,

    /// <summary>GEOSEARCHSTORE: matches are stored, in the first key.</summary>
    Stores = 16,
}

/// <summary>What a search for positions asks for.</summary>
internal ref struct GeoQuery
{
    private const int Refused = -1;

    private readonly GeoForm _form;
    private GeoPosition _center;
    private CenterOption _given;
    private double? _radius;
    private (double Width, double Height)? _box;
    private GeoPosition[]? _polygon;
    private bool _isAny;
    private GeoOrder _order;

    private enum CenterOption
    {
        None,
        Position,
        Member,
    }

    private GeoQuery(GeoForm form)
    {
        _form = form;
        Unit = 1;
    }

    /// <summary>The metres of the unit in which distances are given and replied.</summary>
    internal double Unit { get; private set; }

    /// <summary>WITHDIST.</summary>
    internal bool WithDistance { get; private set; }

    /// <summary>WITHHASH.</summary>
    internal bool WithHash { get; private set; }

    /// <summary>WITHCOORD.</summary>
    internal bool WithPosition { get; private set; }

    /// <summary>How many matches at most.</summary>
    internal readonly long Count => Wanted == 0 ? long.MaxValue : Wanted;

    /// <summary>After how many matches to stop searching.</summary>
    internal readonly long Limit => _isAny ? Count : long.MaxValue;

    /// <summary>In which order. The first of so many are the nearest, unless any will do.</summary>
    internal readonly GeoOrder Order => _order == GeoOrder.None && Wanted != 0 && !_isAny ? GeoOrder.Ascending : _order;

    /// <summary>The argument that is the key to store in; 0 for none.</summary>
    internal int StoreKey { get; private set; }

    /// <summary>STOREDIST: distances become the scores.</summary>
    internal bool StoresDistances { get; private set; }

    /// <summary>The area; there must have been a set, as members of it may be the centre.</summary>
    internal readonly GeoShape Shape
    {
        get
        {
            if (_polygon is not null) return GeoShape.Polygon(_polygon);
            if (_box is var (width, height)) return GeoShape.Box(_center, width * Unit, height * Unit);
            return GeoShape.Circle(_center, _radius!.Value * Unit);
        }
    }

    private long Wanted { get; set; }

    private readonly bool TakesOptions => (_form & GeoForm.Options) != 0;

    /// <summary>Reads a request; the set that is searched tells where members are.</summary>
    internal static bool TryParseOrReply(Client client, in ArgVector args, ZsetRef zset, GeoForm form, out GeoQuery query)
    {
        query = new GeoQuery(form);
        return query.TryFixedPartOrReply(client, args, zset, out var first)
            && query.TryOptionsOrReply(client, args, zset, first)
            && query.TryCheckOrReply(client, args);
    }

    private bool TryFixedPartOrReply(Client client, in ArgVector args, ZsetRef zset, out int first)
    {
        first = 2;
        if ((_form & GeoForm.Stores) != 0) StoreKey = 1;
        if (TakesOptions)
        {
            first += StoreKey;
            return true;
        }

        first = (_form & GeoForm.AroundPosition) != 0 ? 6 : 5;
        // Around a member of nothing is nothing, whatever the radius; but the options matter.
        if (first == 5 && !zset.Exists) return true;
        var hasCenter = first == 6
            ? GeoArguments.TryPositionOrReply(client, args, 2, out _center)
            : GeoArguments.TryPositionOrReply(client, zset, args[2], out _center);
        return hasCenter && TryRadiusOrReply(client, args, first - 2);
    }

    private bool TryOptionsOrReply(Client client, in ArgVector args, ZsetRef zset, int first)
    {
        for (var i = first; i < args.Count; i++)
        {
            if (TryTakeFlag(args[i])) continue;
            var taken = TakeOrReply(client, args, zset, i);
            if (taken == Refused) return false;
            i += taken;
        }

        return true;
    }

    private bool TryTakeFlag(ReadOnlySpan<byte> word)
    {
        if (word.Is("withdist"u8)) WithDistance = true;
        else if (word.Is("withhash"u8)) WithHash = true;
        else if (word.Is("withcoord"u8)) WithPosition = true;
        else if (word.Is("any"u8)) _isAny = true;
        else if (word.Is("asc"u8)) _order = GeoOrder.Ascending;
        else if (word.Is("desc"u8)) _order = GeoOrder.Descending;
        else if ((_form & GeoForm.Stores) != 0 && word.Is("storedist"u8)) StoresDistances = true;
        else return false;
        return true;
    }

    // How many arguments belong to an option, or that it is refused.
    private int TakeOrReply(Client client, in ArgVector args, ZsetRef zset, int at)
    {
        var word = args[at];
        var left = args.Count - at - 1;
        if (left >= 1 && word.Is("count"u8)) return TryCountOrReply(client, args[at + 1]) ? 1 : Refused;
        if (left >= 1 && (_form & GeoForm.MayStore) != 0 && (word.Is("store"u8) || word.Is("storedist"u8)))
        {
            StoresDistances = word.Is("storedist"u8);
            StoreKey = at + 1;
            return 1;
        }

        if (TakesOptions && _polygon is null)
        {
            if (left >= 1 && word.Is("frommember"u8) && _given != CenterOption.Position) return TryMemberOrReply(client, zset, args[at + 1]) ? 1 : Refused;
            if (left >= 2 && word.Is("fromlonlat"u8) && _given != CenterOption.Member) return TryPositionOrReply(client, args, at + 1) ? 2 : Refused;
            if (left >= 2 && word.Is("byradius"u8) && _box is null) return TryRadiusOrReply(client, args, at + 1) ? 2 : Refused;
            if (left >= 3 && word.Is("bybox"u8) && _radius is null) return TryBoxOrReply(client, args, at + 1) ? 3 : Refused;
            if (left >= 2 && word.Is("bypolygon"u8) && _box is null && _radius is null && _given == CenterOption.None)
                return TryPolygonOrReply(client, args, at + 1) ? 1 + (2 * _polygon!.Length) : Refused;
        }

        client.Reply.Error(SharedReplies.SyntaxError);
        return Refused;
    }

    private bool TryCountOrReply(Client client, ReadOnlySpan<byte> argument)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, argument, out var count)) return false;
        Wanted = count;
        if (count > 0) return true;
        client.Reply.Error("ERR COUNT must be > 0"u8);
        return false;
    }

    private bool TryMemberOrReply(Client client, ZsetRef zset, ReadOnlySpan<byte> member)
    {
        _given = CenterOption.Member;
        return !zset.Exists || GeoArguments.TryPositionOrReply(client, zset, member, out _center);
    }

    private bool TryPositionOrReply(Client client, in ArgVector args, int at)
    {
        _given = CenterOption.Position;
        return GeoArguments.TryPositionOrReply(client, args, at, out _center);
    }

    private bool TryRadiusOrReply(Client client, in ArgVector args, int at)
    {
        if (!GeoArguments.TryRadiusOrReply(client, args, at, out var radius, out var unit)) return false;
        _radius = radius;
        Unit = unit;
        return true;
    }

    private bool TryBoxOrReply(Client client, in ArgVector args, int at)
    {
        if (!GeoArguments.TryBoxOrReply(client, args, at, out var width, out var height, out var unit)) return false;
        _box = (width, height);
        Unit = unit;
        return true;
    }

    private bool TryPolygonOrReply(Client client, in ArgVector args, int at)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[at], out var corners, "ERR invalid number of vertices"u8)) return false;
        if (corners < 3 || corners > (args.Count - at - 1) / 2)
        {
            client.Reply.Error("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"u8);
            return false;
        }

        _polygon = new GeoPosition[corners];
        for (var i = 0; i < corners; i++)
        {
            if (!GeoArguments.TryPositionOrReply(client, args, at + 1 + (2 * i), out _polygon[i])) return false;
        }

        return true;
    }

    // What only shows once all options are known.
    private readonly bool TryCheckOrReply(Client client, in ArgVector args)
    {
        var stores = (_form & GeoForm.Stores) != 0;
        if (StoreKey > 0 && (WithDistance || WithHash || WithPosition))
            client.Reply.Error($"ERR {(stores ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS")} is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
        else if (TakesOptions && _given == CenterOption.None && _polygon is null)
            client.Reply.Error($"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {Encoding.ASCII.GetString(args[0])}");
        else if (TakesOptions && _radius is null && _box is null && _polygon is null)
            client.Reply.Error($"ERR exactly one of BYRADIUS and BYBOX can be specified for {Encoding.ASCII.GetString(args[0])}");
        else if (_isAny && Wanted == 0)
            client.Reply.Error("ERR the ANY argument requires COUNT argument"u8);
        else
            return true;
        return false;
    }
}
