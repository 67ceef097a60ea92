namespace KestrelFree.Server.Config;

/// <summary>Where a value comes from, as far as directives treat it differently.</summary>
internal enum AssignmentOrigin
{
    /// <summary>The first statement of this directive at start-up: defaults of a list give way.</summary>
    FirstStatement,

    /// <summary>A further statement of it: a list grows.</summary>
    FurtherStatement,

    /// <summary>CONFIG SET: the value given is the whole value.</summary>
    ConfigSet,
}

/// <summary>One attempt to give a directive a value: where to, where from, and what is to be said about it.</summary>
internal sealed class Assignment(ConfigValues values, AssignmentOrigin origin)
{
    /// <summary>The values to change.</summary>
    public ConfigValues Values { get; } = values;

    /// <summary>Where the value comes from.</summary>
    public AssignmentOrigin Origin { get; } = origin;

    /// <summary>The reason for a refusal, in Redis's words.</summary>
    public string? Error { get; private set; }

    /// <summary>A warning about an accepted value, for the log.</summary>
    public string? Warning { get; set; }

    /// <summary>Refuses the value.</summary>
    public AssignResult Refuse(string error)
    {
        Error = error;
        return AssignResult.Refused;
    }
}
