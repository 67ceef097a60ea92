using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>COPY, MOVE, RENAME, RENAMENX and SWAPDB: values that get another name or another database.</summary>
internal static class KeyTransferCommands
{
    private const KeySpecFlags Source = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete;

    internal static readonly CommandSpec[] Table =
    [
        new("copy", Copy)
        {
            Databases = DatabaseFinders.Copy,
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.Keyspace, Since = "6.2.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access), KeySpec.One(2, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Copies the value and the expiry of a key to another key.", Complexity = "O(n) for the size n of the value",
        },
        new("move", Move)
        {
            Databases = DatabaseFinders.Move,
            Arity = 3, Flags = Write | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Moves a key to another database, unless it exists there.", Complexity = "O(1)",
        },
        new("rename", Rename)
        {
            Arity = 3, Flags = Write, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, Source), KeySpec.One(2, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Gives a key another name, replacing what has that name.", Complexity = "O(1)",
        },
        new("renamenx", RenameNx)
        {
            Arity = 3, Flags = Write | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, Source), KeySpec.One(2, KeySpecFlags.Overwrite | KeySpecFlags.Insert)],
            Summary = "Gives a key another name, unless something has that name.", Complexity = "O(1)",
        },
        new("swapdb", SwapDb)
        {
            Databases = DatabaseFinders.FirstTwo,
            Arity = 3, Flags = Write | Fast, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "4.0.0", Group = "server",
            Summary = "Exchanges the contents of two databases.", Complexity = "O(1)",
        },
    ];

    private static void Rename(Client client, in ArgVector args)
    {
        if (!SourceExistsOrReply(client, args[1])) return;
        if (!args[1].SequenceEqual(args[2])) Transfer(client, args[1], args[2]);
        client.Reply.Ok();
    }

    private static void RenameNx(Client client, in ArgVector args)
    {
        if (!SourceExistsOrReply(client, args[1])) return;
        if (args[1].SequenceEqual(args[2]) || client.Database.LookupWrite(args[2]).Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        Transfer(client, args[1], args[2]);
        client.Reply.Integer(1);
    }

    private static bool SourceExistsOrReply(Client client, ReadOnlySpan<byte> key)
    {
        if (client.Database.LookupWrite(key).Exists) return true;
        client.Reply.Error(SharedReplies.NoSuchKey);
        return false;
    }

    private static void Transfer(Client client, ReadOnlySpan<byte> key, ReadOnlySpan<byte> newKey)
    {
        client.Database.Rename(key, client.Database, newKey);
        client.Server.Observer.Notify(NotifyClasses.Generic, "rename_from"u8, client.Database, key);
        client.Server.Observer.Notify(NotifyClasses.Generic, "rename_to"u8, client.Database, newKey);
    }

    private static void Move(Client client, in ArgVector args)
    {
        if (!TryDatabaseOrReply(client, args[2], out var target)) return;
        if (target == client.Database)
        {
            client.Reply.Error(SharedReplies.SameObject);
            return;
        }

        var key = args[1];
        if (!client.Database.LookupWrite(key).Exists || target.LookupWrite(key).Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        client.Database.Rename(key, target, key);
        client.Server.Observer.Notify(NotifyClasses.Generic, "move_from"u8, client.Database, key);
        client.Server.Observer.Notify(NotifyClasses.Generic, "move_to"u8, target, key);
        client.Reply.Integer(1);
    }

    private static void Copy(Client client, in ArgVector args)
    {
        if (!TryCopyOptionsOrReply(client, args, out var target, out var replaces)) return;
        var newKey = args[2];
        if (target == client.Database && args[1].SequenceEqual(newKey))
        {
            client.Reply.Error(SharedReplies.SameObject);
            return;
        }

        if (!KeyCommands.LookupRead(client, args[1]).Exists || (target.LookupWrite(newKey).Exists && !replaces))
        {
            client.Reply.Integer(0);
            return;
        }

        client.Database.Copy(args[1], target, newKey);
        client.Server.Observer.Notify(NotifyClasses.Generic, "copy_to"u8, target, newKey);
        client.Reply.Integer(1);
    }

    private static bool TryCopyOptionsOrReply(Client client, in ArgVector args, out Database target, out bool replaces)
    {
        target = client.Database;
        replaces = false;
        for (var i = 3; i < args.Count; i++)
        {
            if (args[i].Is("replace"u8)) replaces = true;
            else if (args[i].Is("db"u8) && i + 1 < args.Count)
            {
                if (!TryDatabaseOrReply(client, args[++i], out target)) return false;
            }
            else
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
        }

        return true;
    }

    private static bool TryDatabaseOrReply(Client client, ReadOnlySpan<byte> argument, out Database database)
    {
        database = client.Database;
        return ArgumentParsing.TryInt32OrReply(client, argument, out var index) && TryDatabaseOrReply(client, index, out database);
    }

    private static bool TryDatabaseOrReply(Client client, int index, out Database database)
    {
        database = client.Database;
        if (index < 0 || index >= client.Server.Keyspace.DatabaseCount)
        {
            client.Reply.Error("ERR DB index is out of range"u8);
            return false;
        }

        database = client.Server.Keyspace[index];
        return true;
    }

    private static void SwapDb(Client client, in ArgVector args)
    {
        if (!TryIndexOrReply(client, args[1], "ERR invalid first DB index"u8, out var first)) return;
        if (!TryIndexOrReply(client, args[2], "ERR invalid second DB index"u8, out var second)) return;
        if (!TryDatabaseOrReply(client, first, out _) || !TryDatabaseOrReply(client, second, out _)) return;
        // As in Redis, exchanging a database with itself changes nothing for those who watch its keys.
        if (first != second) client.Server.Keyspace.Swap(first, second);
        client.Reply.Ok();
    }

    private static bool TryIndexOrReply(Client client, ReadOnlySpan<byte> argument, ReadOnlySpan<byte> error, out int index)
    {
        index = 0;
        if (!ArgumentParsing.TryIntegerOrReply(client, argument, out var wide, error)) return false;
        if (wide is < int.MinValue or > int.MaxValue)
        {
            client.Reply.Error(error);
            return false;
        }

        index = (int)wide;
        return true;
    }
}
