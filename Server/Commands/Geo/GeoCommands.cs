using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>
/// The commands on positions, which are the scores of sorted sets (<see cref="GeoHash"/>). Searches are in <see cref="GeoSearchCommands"/>.
/// </summary>
internal static class GeoCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("geoadd", GeoAdd)
        {
            Arity = -5, Flags = Write | DenyOom, Categories = AclCategory.Geo, Since = "3.2.0", Group = "geo",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Adds members with positions to a sorted set, or changes their positions.", Complexity = "O(log n) for each member, n being those of the set",
        },
        Reader("geodist", GeoDist, -4, "Returns the distance between two members of a sorted set of positions.", "O(1)"),
        Reader("geohash", GeoHashText, -2, "Returns the positions of members as the letters of geohash.org.", "O(m) for m members"),
        Reader("geopos", GeoPos, -2, "Returns the positions of members as longitudes and latitudes.", "O(m) for m members"),
    ];

    private static CommandSpec Reader(string name, CommandHandler handler, int arity, string summary, string complexity) => new(name, handler)
    {
        Arity = arity, Flags = ReadOnly, Categories = AclCategory.Geo, Since = "3.2.0", Group = "geo",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = summary, Complexity = complexity,
    };

    private static void GeoAdd(Client client, in ArgVector args)
    {
        if (!TryAddOptionsOrReply(client, args, out var options)) return;
        var scores = ArrayPool<double>.Shared.Rent(options.Pairs);
        if (TryScoresOrReply(client, args, options, scores) && CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset)
            && ZsetCommands.Add(client, args, options, scores.AsSpan(0, options.Pairs), zset) > 0)
            Propagate(client, args, options, scores);

        ArrayPool<double>.Shared.Return(scores);
    }

    private static bool TryAddOptionsOrReply(Client client, in ArgVector args, out ZAddOptions options)
    {
        options = new ZAddOptions { Stride = 3 };
        for (options.First = 2; options.First < args.Count; options.First++)
        {
            var word = args[options.First];
            if (word.Is("nx"u8)) options.Rules |= ZsetRules.IfMissing;
            else if (word.Is("xx"u8)) options.Rules |= ZsetRules.IfExists;
            else if (word.Is("ch"u8)) options.CountsMoved = true;
            else break;
        }

        var left = args.Count - options.First;
        options.Pairs = left / 3;
        if (left > 0 && left % 3 == 0 && options.Rules != (ZsetRules.IfMissing | ZsetRules.IfExists)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }

    private static bool TryScoresOrReply(Client client, in ArgVector args, in ZAddOptions options, double[] scores)
    {
        for (var i = 0; i < options.Pairs; i++)
        {
            if (!GeoArguments.TryPositionOrReply(client, args, options.First + (i * 3), out var position)) return false;
            scores[i] = GeoHash.ScoreOf(position);
        }

        return true;
    }

    // As ZADD, with the scores instead of the positions.
    private static void Propagate(Client client, in ArgVector args, in ZAddOptions options, double[] scores)
    {
        var effect = client.Propagation.Instead(options.First + (options.Pairs * 2)).Argument("ZADD"u8);
        for (var i = 1; i < options.First; i++) effect.Argument(args[i]);
        for (var i = 0; i < options.Pairs; i++) effect.Argument((long)scores[i]).Argument(args[options.MemberAt(i)]);
    }

    private static void GeoDist(Client client, in ArgVector args)
    {
        double unit = 1;
        if (args.Count > 5)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count == 5 && !GeoArguments.TryUnitOrReply(client, args[4], out unit)) return;
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        if (GeoArguments.TryGetPosition(zset, args[2], out var from) && GeoArguments.TryGetPosition(zset, args[3], out var to))
            GeoArguments.ReplyDistance(client.Reply, from.DistanceTo(to) / unit);
        else
            client.Reply.Null();
    }

    private static void GeoHashText(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        Span<byte> text = stackalloc byte[GeoHash.TextBytes];
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++)
        {
            if (!GeoArguments.TryGetPosition(zset, args[i], out var position))
            {
                client.Reply.Null();
                continue;
            }

            GeoHash.WriteText(position, text);
            client.Reply.Bulk(text);
        }
    }

    private static void GeoPos(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++)
        {
            if (GeoArguments.TryGetPosition(zset, args[i], out var position)) GeoArguments.ReplyPosition(client.Reply, position);
            else client.Reply.NullArray();
        }
    }
}
