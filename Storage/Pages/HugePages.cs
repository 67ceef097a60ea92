namespace KestrelFree.Storage;

/// <summary>Whether page memory asks the system for huge pages (the directive disable-thp).</summary>
public enum HugePages
{
    /// <summary>The system's default is left alone.</summary>
    Off,

    /// <summary>Huge pages are asked for where the system has them.</summary>
    Advise,
}
