namespace KestrelFree.Server.Config.Kinds;

/// <summary>The addresses to listen on, up to 16; none at all closes the TCP port.</summary>
internal sealed class BindDirective(string name, params string[] defaultAddresses) : Directive(name)
{
    private const int MaxAddresses = 16;

    public override void Reset(ConfigValues values) => values.Objects[Slot] = defaultAddresses;

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length > MaxAddresses) return assignment.Refuse("Too many bind addresses specified.");
        assignment.Values.Objects[Slot] = arguments is [""] ? [] : arguments.ToArray();
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values) => string.Join(' ', (string[])values.Objects[Slot]!);

    public override void Rewrite(ConfigValues values, RewriteLines lines)
    {
        var addresses = (string[])values.Objects[Slot]!;
        if (addresses.AsSpan().SequenceEqual(defaultAddresses)) lines.Done(Name);
        else lines.Write(Name, addresses.Length > 0 ? Format(values) : "\"\"", LineNeed.Always);
    }
}
