using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands.Docs;

/// <summary>Writes a command's documentation in the form of COMMAND DOCS: a map, from which a field that says nothing is left out.</summary>
internal static class DocsReply
{
    private static readonly (ArgumentFlags Flag, string Name)[] FlagNames =
        [(ArgumentFlags.Optional, "optional"), (ArgumentFlags.Multiple, "multiple"), (ArgumentFlags.MultipleToken, "multiple_token")];

    /// <summary>Writes one command: its name, then what is documented of it, subcommands included.</summary>
    internal static void Write(ReplyWriter reply, Command command)
    {
        var doc = CommandDocs.Of(command.FullName);
        reply.Bulk(command.FullName);
        var marker = reply.BeginDeferred();
        var fields = 0;
        fields += Text(reply, "summary"u8, command.Spec.Summary);
        fields += Text(reply, "since"u8, command.Spec.Since);
        fields += Text(reply, "group"u8, command.Spec.Group);
        fields += Text(reply, "complexity"u8, command.Spec.Complexity);
        fields += DocFlags(reply, doc);
        fields += Text(reply, "deprecated_since"u8, doc.DeprecatedSince);
        fields += Text(reply, "replaced_by"u8, doc.ReplacedBy);
        fields += History(reply, doc.History);
        if (doc.Arguments.Count > 0) fields += Arguments(reply, doc.Arguments);
        fields += Subcommands(reply, command.Subcommands);
        reply.EndDeferredMap(marker, fields);
    }

    private static int Text(ReplyWriter reply, ReadOnlySpan<byte> name, string? text)
    {
        if (string.IsNullOrEmpty(text)) return 0;
        reply.Bulk(name);
        reply.Bulk(text);
        return 1;
    }

    private static int DocFlags(ReplyWriter reply, CommandDoc doc)
    {
        if (!doc.IsSystemCommand && doc.DeprecatedSince is null) return 0;
        reply.Bulk("doc_flags"u8);
        reply.SetHeader((doc.IsSystemCommand ? 1 : 0) + (doc.DeprecatedSince is null ? 0 : 1));
        if (doc.DeprecatedSince is not null) reply.SimpleString("deprecated"u8);
        if (doc.IsSystemCommand) reply.SimpleString("syscmd"u8);
        return 1;
    }

    private static int History(ReplyWriter reply, IReadOnlyList<(string Since, string Change)> history)
    {
        if (history.Count == 0) return 0;
        reply.Bulk("history"u8);
        reply.SetHeader(history.Count);
        foreach (var (since, change) in history)
        {
            reply.ArrayHeader(2);
            reply.Bulk(since);
            reply.Bulk(change);
        }

        return 1;
    }

    private static int Subcommands(ReplyWriter reply, IReadOnlyList<Command> subcommands)
    {
        if (subcommands.Count == 0) return 0;
        reply.Bulk("subcommands"u8);
        reply.MapHeader(subcommands.Count);
        foreach (var subcommand in subcommands) Write(reply, subcommand);
        return 1;
    }

    private static int Arguments(ReplyWriter reply, IReadOnlyList<CommandArgument> arguments)
    {
        reply.Bulk("arguments"u8);
        reply.ArrayHeader(arguments.Count);
        foreach (var argument in arguments) Argument(reply, argument);
        return 1;
    }

    private static void Argument(ReplyWriter reply, CommandArgument argument)
    {
        var marker = reply.BeginDeferred();
        var fields = 0;
        fields += Text(reply, "name"u8, argument.Name);
        fields += Text(reply, "type"u8, TypeName(argument.Type));
        fields += Text(reply, "display_text"u8, argument.DisplayText);
        if (argument.KeySpecIndex is { } spec)
        {
            reply.Bulk("key_spec_index"u8);
            reply.Integer(spec);
            fields++;
        }

        fields += Text(reply, "token"u8, argument.Token);
        fields += Text(reply, "since"u8, argument.Since);
        fields += Text(reply, "deprecated_since"u8, argument.DeprecatedSince);
        fields += Flags(reply, argument.Flags);
        if (argument.Type is ArgumentType.OneOf or ArgumentType.Block) fields += Arguments(reply, argument.Arguments);
        reply.EndDeferredMap(marker, fields);
    }

    private static int Flags(ReplyWriter reply, ArgumentFlags flags)
    {
        if (flags == ArgumentFlags.None) return 0;
        reply.Bulk("flags"u8);
        reply.SetHeader(System.Numerics.BitOperations.PopCount((uint)flags));
        foreach (var (flag, name) in FlagNames)
        {
            if ((flags & flag) != 0) reply.SimpleString(name);
        }

        return 1;
    }

    private static string TypeName(ArgumentType type) => type switch
    {
        ArgumentType.Integer => "integer",
        ArgumentType.Double => "double",
        ArgumentType.Key => "key",
        ArgumentType.Pattern => "pattern",
        ArgumentType.UnixTime => "unix-time",
        ArgumentType.PureToken => "pure-token",
        ArgumentType.OneOf => "oneof",
        ArgumentType.Block => "block",
        _ => "string",
    };
}
