using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// Redis's modules are native libraries that call into its C structures, so none can be loaded here. The commands are there for those who ask:
// LIST is empty, and what would load says so, once enable-module-command has let it come so far.

/// <summary>MODULE: says that there are no modules, and refuses to load any.</summary>
internal static class ModuleCommands
{
    private const CommandFlags ForAdmins = Admin | NoScript;

    private static readonly string[] HelpLines =
    [
        "LIST",
        "    Reply the modules that are loaded.",
        "LOAD <path> [<arg> ...]",
        "    Load a module from a library. This server cannot.",
        "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
        "    Load a module and configure it. This server cannot.",
        "UNLOAD <name>",
        "    Unload a module.",
    ];

    internal static readonly CommandSpec[] Table =
    [
        new("module",
        [
            new("help", Help) { Arity = 2, Flags = Loading | Stale, Since = "5.0.0", Group = "server", Summary = "Lists the subcommands.", Complexity = "O(1)" },
            new("list", List)
            {
                Arity = 2, Flags = ForAdmins, Since = "4.0.0", Group = "server", Tips = ["nondeterministic_output_order"], Summary = "Lists the modules, of which there are none.",
                Complexity = "O(1)",
            },
            new("load", Load)
            {
                Arity = -3, Flags = ForAdmins | NoAsyncLoading | Protected, Since = "4.0.0", Group = "server", Summary = "Refuses to load a module.", Complexity = "O(1)",
            },
            new("loadex", Load)
            {
                Arity = -3, Flags = ForAdmins | NoAsyncLoading | Protected, Since = "7.0.0", Group = "server", Summary = "Refuses to load a module with settings.",
                Complexity = "O(1)",
            },
            new("unload", Unload)
            {
                Arity = 3, Flags = ForAdmins | NoAsyncLoading | Protected, Since = "4.0.0", Group = "server", Summary = "Says that there is no such module.", Complexity = "O(1)",
            },
        ])
        {
            Arity = -2, Since = "4.0.0", Group = "server", Summary = "A container for commands about modules.", Complexity = "Depends on the subcommand",
        },
    ];

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(client, "MODULE", HelpLines);

    private static void List(Client client, in ArgVector args) => client.Reply.ArrayHeader(0);

    private static void Load(Client client, in ArgVector args)
    {
        client.Server.Log.Warning($"Module {Encoding.Latin1.GetString(args[2])} failed to load: this server cannot load native modules");
        client.Reply.Error("ERR Error loading the extension. Please check the server logs. This server cannot load modules."u8);
    }

    private static void Unload(Client client, in ArgVector args)
    {
        client.Server.Log.Warning($"Error unloading module {Encoding.Latin1.GetString(args[2])}: no such module with that name");
        client.Reply.Error("ERR Error unloading module: no such module with that name"u8);
    }
}
