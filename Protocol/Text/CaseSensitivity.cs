namespace KestrelFree.Protocol;

/// <summary>Whether ASCII letters of either case are the same.</summary>
public enum CaseSensitivity
{
    /// <summary>They differ.</summary>
    Sensitive,

    /// <summary>They are the same.</summary>
    Insensitive,
}
