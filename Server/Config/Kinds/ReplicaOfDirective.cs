namespace KestrelFree.Server.Config.Kinds;

/// <summary>The master that this server replicates.</summary>
internal sealed record MasterAddress(string Host, int Port);

/// <summary>A master's host and port, or "no one"; the slot holds a <see cref="MasterAddress"/> or null.</summary>
internal sealed class ReplicaOfDirective(string name) : Directive(name)
{
    public override void Reset(ConfigValues values) => values.Objects[Slot] = null;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 2) return assignment.Refuse("wrong number of arguments");
        if (arguments[0].Equals("no", StringComparison.OrdinalIgnoreCase) && arguments[1].Equals("one", StringComparison.OrdinalIgnoreCase))
        {
            assignment.Values.Objects[Slot] = null;
            return AssignResult.Changed;
        }

        if (!ConfNumbers.TryParseLenient(arguments[1], 10, out var port, out _) || port is < 0 or > 65535)
            return assignment.Refuse("Invalid master port");
        assignment.Values.Objects[Slot] = new MasterAddress(arguments[0], (int)port);
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values) =>
        values.Objects[Slot] is MasterAddress master ? $"{master.Host} {master.Port}" : "";

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        if (values.Objects[Slot] is null || values.Numbers[DirectiveTable.ClusterEnabledSlot] != 0) lines.Done(Name);
        else lines.Write(Name, Format(values), LineNeed.Always);
    }
}
