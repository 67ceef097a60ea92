namespace KestrelFree.Storage;

/// <summary>An end of a list.</summary>
public enum ListEnd
{
    /// <summary>Its first element: LEFT in commands.</summary>
    Head,

    /// <summary>Its last element: RIGHT in commands.</summary>
    Tail,
}
