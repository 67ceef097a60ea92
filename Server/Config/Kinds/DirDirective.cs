namespace KestrelFree.Server.Config.Kinds;

/// <summary>
/// The working directory. The process's own current directory is the value; the slot remembers it so that a roll-back can return there.
/// </summary>
internal sealed class DirDirective(string name) : Directive(name)
{
    public override void Reset(ConfigValues values) => values.Objects[Slot] = Directory.GetCurrentDirectory();

    public override AssignResult Assign(Assignment assignment, ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 1) return assignment.Refuse("wrong number of arguments");
        try
        {
            Directory.SetCurrentDirectory(ByteText.ToUnicode(arguments[0]));
        }
        catch (ArgumentException)
        {
            return assignment.Refuse(SystemErrorText.NoSuchFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return assignment.Refuse(SystemErrorText.Of(e));
        }

        Reset(assignment.Values);
        return AssignResult.Changed;
    }

    public override string Format(ConfigValues values) => ByteText.FromUnicode((string)values.Objects[Slot]!);

    public override void Rewrite(ConfigValues values, RewriteLines lines) =>
        lines.Write(Name, ByteText.Quote(Format(values)), LineNeed.Always);

    public override void AfterRestore(ConfigValues values) => Directory.SetCurrentDirectory((string)values.Objects[Slot]!);
}
