using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>Runs one command for a client: reads its arguments (the name is argument 0) and writes exactly one reply.</summary>
internal delegate void CommandHandler(Client client, in ArgVector args);

/// <summary>
/// The declaration of one command or subcommand: everything that COMMAND publishes and that <see cref="Dispatch"/> decides by.
/// Immutable and shared; what a running server counts per command is in <see cref="Command"/>.
/// </summary>
internal sealed class CommandSpec
{
    /// <summary>Declares a command that runs.</summary>
    internal CommandSpec(string name, CommandHandler handler)
    {
        Name = name;
        Handler = handler;
    }

    /// <summary>Declares a container: a command that exists only through its subcommands.</summary>
    internal CommandSpec(string name, CommandSpec[] subcommands)
    {
        Name = name;
        Handler = null;
        Subcommands = subcommands;
        Complexity = "Depends on the subcommand";
    }

    /// <summary>The name in lower case; of a subcommand, without its container's.</summary>
    internal string Name { get; }

    /// <summary>The code that runs it, null for a container.</summary>
    internal CommandHandler? Handler { get; }

    /// <summary>The subcommands; a container may also have a handler of its own (COMMAND has).</summary>
    internal CommandSpec[] Subcommands { get; init; } = [];

    /// <summary>The exact number of arguments, name and subcommand included; negative: at least as many.</summary>
    internal required int Arity { get; init; }

    /// <summary>What it does and where it may run.</summary>
    internal CommandFlags Flags { get; init; }

    /// <summary>The ACL categories beyond those that <see cref="Flags"/> imply.</summary>
    internal AclCategory Categories { get; init; }

    /// <summary>Where the keys stand among the arguments.</summary>
    internal KeySpec[] Keys { get; init; } = [];

    /// <summary>Finds the keys where <see cref="Keys"/> cannot, or cannot tell what happens to them; null for most commands.</summary>
    internal KeyFinder? KeyFinder { get; init; }

    /// <summary>Which arguments are channels that it publishes or subscribes to.</summary>
    internal ChannelArguments Channels { get; init; }

    /// <summary>Finds the databases that it uses, where that is not the selected one; null for most commands.</summary>
    internal DatabaseFinder? Databases { get; init; }

    /// <summary>The hints that COMMAND gives to clients and proxies.</summary>
    internal string[] Tips { get; init; } = [];

    /// <summary>The version of Redis that brought it.</summary>
    internal required string Since { get; init; }

    /// <summary>The group it is documented in.</summary>
    internal required string Group { get; init; }

    /// <summary>What it does, in a line.</summary>
    internal string Summary { get; init; } = "";

    /// <summary>Its time complexity.</summary>
    internal string Complexity { get; init; } = "";

    /// <summary>True when a request of so many arguments, the name included, has neither too few nor too many.</summary>
    internal bool Admits(int arguments) => Arity > 0 ? arguments == Arity : arguments >= -Arity;

    /// <summary>All ACL categories: the declared ones and those that the flags imply.</summary>
    internal AclCategory AllCategories
    {
        get
        {
            var all = Categories;
            if ((Flags & CommandFlags.Write) != 0) all |= AclCategory.Write;
            if ((Flags & CommandFlags.ReadOnly) != 0 && Group != "scripting") all |= AclCategory.Read;
            if ((Flags & CommandFlags.Admin) != 0) all |= AclCategory.Admin | AclCategory.Dangerous;
            if ((Flags & CommandFlags.PubSub) != 0) all |= AclCategory.PubSub;
            if ((Flags & CommandFlags.Blocking) != 0) all |= AclCategory.Blocking;
            return all | ((Flags & CommandFlags.Fast) != 0 ? AclCategory.Fast : AclCategory.Slow);
        }
    }
}
