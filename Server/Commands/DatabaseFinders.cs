using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands;

/// <summary>A database that a request uses.</summary>
/// <param name="Argument">The argument that names it; 0 when none does.</param>
/// <param name="Index">Its number, or <see cref="Every"/>.</param>
internal readonly record struct UsedDatabase(int Argument, int Index)
{
    /// <summary>Stands for all databases.</summary>
    internal const int Every = -1;
}

/// <summary>Finds the databases that one command's requests use; what is no number is left to the command to refuse.</summary>
internal delegate void DatabaseFinder(in ArgVector args, int selected, List<UsedDatabase> databases);

/// <summary>Finds the databases that requests use: the selected one, unless the command says otherwise.</summary>
internal static class DatabaseFinders
{
    /// <summary>Adds the databases that a request uses. A command that neither has keys nor reads or writes data uses none.</summary>
    internal static void Find(CommandSpec command, in ArgVector args, int selected, List<UsedDatabase> databases)
    {
        const CommandFlags touchesData = CommandFlags.ReadOnly | CommandFlags.Write;
        if (command.Databases is { } finder) finder(args, selected, databases);
        else if ((command.Flags & touchesData) != 0 || KeyFinders.HasKeys(command)) databases.Add(new UsedDatabase(0, selected));
    }

    /// <summary>FLUSHALL: every one.</summary>
    internal static void Every(in ArgVector args, int selected, List<UsedDatabase> databases) => databases.Add(new UsedDatabase(0, UsedDatabase.Every));

    /// <summary>SELECT: the one that it names.</summary>
    internal static void First(in ArgVector args, int selected, List<UsedDatabase> databases) => AddNamed(args, 1, databases);

    /// <summary>SWAPDB: the two that it names.</summary>
    internal static void FirstTwo(in ArgVector args, int selected, List<UsedDatabase> databases)
    {
        AddNamed(args, 1, databases);
        AddNamed(args, 2, databases);
    }

    /// <summary>MOVE: from the selected one to the one that it names.</summary>
    internal static void Move(in ArgVector args, int selected, List<UsedDatabase> databases)
    {
        databases.Add(new UsedDatabase(0, selected));
        AddNamed(args, 2, databases);
    }

    /// <summary>COPY: from the selected one to those behind the word DB, the last of which counts.</summary>
    internal static void Copy(in ArgVector args, int selected, List<UsedDatabase> databases)
    {
        databases.Add(new UsedDatabase(0, selected));
        for (var i = 3; i + 1 < args.Count; i++)
        {
            if (args[i].Is("db"u8)) AddNamed(args, ++i, databases);
        }
    }

    private static void AddNamed(in ArgVector args, int argument, List<UsedDatabase> databases)
    {
        if (Numbers.TryParseInteger(args[argument], out var index) && index is >= 0 and <= int.MaxValue) databases.Add(new UsedDatabase(argument, (int)index));
    }
}
