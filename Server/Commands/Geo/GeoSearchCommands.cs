using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// GEOSEARCH and GEOSEARCHSTORE, and the older GEORADIUS and GEORADIUSBYMEMBER, which store when asked to, so that replicas refuse them; their
// _RO forms do not.
//
// A match is a rank (GeoMatch): its member is looked up when it is replied or stored, so that none is copied that COUNT leaves out.

/// <summary>The commands that search for members by position.</summary>
internal static class GeoSearchCommands
{
    private const string Complexity = "O(n + log m) for n members in the cells that the area lies in, of m";

    internal static readonly CommandSpec[] Table =
    [
        Storer("georadius", GeoRadius, -6, 6, "Returns or stores the members within a distance of a position."),
        Storer("georadiusbymember", GeoRadiusByMember, -5, 5, "Returns or stores the members within a distance of another."),
        Reader("georadius_ro", GeoRadiusRo, -6, "3.2.10", "Returns the members within a distance of a position."),
        Reader("georadiusbymember_ro", GeoRadiusByMemberRo, -5, "3.2.10", "Returns the members within a distance of another."),
        Reader("geosearch", Search, -7, "6.2.0", "Returns the members within a circle, a box or a polygon."),
        new("geosearchstore", SearchStore)
        {
            Arity = -8, Flags = Write | DenyOom, Categories = AclCategory.Geo, Since = "6.2.0", Group = "geo",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.One(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Stores the members within a circle, a box or a polygon.", Complexity = Complexity,
        },
    ];

    private static CommandSpec Reader(string name, CommandHandler handler, int arity, string since, string summary) => new(name, handler)
    {
        Arity = arity, Flags = ReadOnly, Categories = AclCategory.Geo, Since = since, Group = "geo",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = summary, Complexity = Complexity,
    };

    private static CommandSpec Storer(string name, CommandHandler handler, int arity, int firstOption, string summary) => new(name, handler)
    {
        Arity = arity, Flags = Write | DenyOom, Categories = AclCategory.Geo, Since = "3.2.0", Group = "geo",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access), Target("STORE", firstOption), Target("STOREDIST", firstOption)],
        KeyFinder = KeyFinders.GeoRadius,
        Summary = summary, Complexity = Complexity,
    };

    private static KeySpec Target(string keyword, int from) =>
        new() { Begin = BeginSearch.Keyword, Keyword = keyword, Index = from, Flags = KeySpecFlags.Overwrite | KeySpecFlags.Update };

    private static void GeoRadius(Client client, in ArgVector args) => Search(client, args, 1, GeoForm.AroundPosition | GeoForm.MayStore, "georadiusstore"u8);

    private static void GeoRadiusRo(Client client, in ArgVector args) => Search(client, args, 1, GeoForm.AroundPosition, default);

    private static void GeoRadiusByMember(Client client, in ArgVector args) =>
        Search(client, args, 1, GeoForm.AroundMember | GeoForm.MayStore, "georadiusstore"u8);

    private static void GeoRadiusByMemberRo(Client client, in ArgVector args) => Search(client, args, 1, GeoForm.AroundMember, default);

    private static void Search(Client client, in ArgVector args) => Search(client, args, 1, GeoForm.Options, default);

    private static void SearchStore(Client client, in ArgVector args) => Search(client, args, 2, GeoForm.Options | GeoForm.Stores, "geosearchstore"u8);

    private static void Search(Client client, in ArgVector args, int key, GeoForm form, ReadOnlySpan<byte> what)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[key], out ZsetRef zset)) return;
        if (!GeoQuery.TryParseOrReply(client, args, zset, form, out var query)) return;
        List<GeoMatch> matches = [];
        if (zset.Exists)
        {
            matches = GeoSearch.Find(zset, query.Shape, query.Limit);
            GeoSearch.Sort(matches, query.Order, query.Count);
            if (matches.Count > query.Count) matches.RemoveRange((int)query.Count, matches.Count - (int)query.Count);
        }

        if (query.StoreKey == 0) Reply(client.Reply, zset, query, matches);
        else Store(client, args[query.StoreKey], zset, query, matches, what);
    }

    private static void Reply(ReplyWriter reply, ZsetRef zset, in GeoQuery query, List<GeoMatch> matches)
    {
        var parts = 1 + (query.WithDistance ? 1 : 0) + (query.WithHash ? 1 : 0) + (query.WithPosition ? 1 : 0);
        reply.ArrayHeader(matches.Count);
        foreach (var match in matches)
        {
            if (parts > 1) reply.ArrayHeader(parts);
            reply.Element(MemberOf(zset, match));
            if (query.WithDistance) GeoArguments.ReplyDistance(reply, match.Meters / query.Unit);
            if (query.WithHash) reply.Integer((long)match.Score);
            if (query.WithPosition) GeoArguments.ReplyPosition(reply, match.Position);
        }
    }

    private static void Store(
        Client client, ReadOnlySpan<byte> target, ZsetRef zset, in GeoQuery query, List<GeoMatch> matches, ReadOnlySpan<byte> what)
    {
        var built = new ZsetBuilder(client.Server.Keyspace);
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        foreach (var match in matches)
            built.Set(MemberOf(zset, match).GetText(scratch), query.StoresDistances ? match.Meters / query.Unit : match.Score);
        built.Complete();
        ZsetReply.Store(client, target, built, what, matches.Count);
    }

    private static ListpackValue MemberOf(ZsetRef zset, GeoMatch match)
    {
        var elements = zset.From(match.Rank, ZsetOrder.Ascending);
        elements.MoveNext();
        return elements.Member;
    }
}
