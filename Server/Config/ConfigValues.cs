namespace KestrelFree.Server.Config;

/// <summary>The values of all directives, by slot.</summary>
internal sealed class ConfigValues(int slots)
{
    /// <summary>Yes/no (1/0), numbers and choices.</summary>
    public long[] Numbers { get; } = new long[slots];

    /// <summary>Texts (<see cref="ByteText"/>, null when unset) and immutable lists.</summary>
    public object?[] Objects { get; } = new object?[slots];

    /// <summary>A copy to go back to. O(directives).</summary>
    public ConfigValues Copy()
    {
        var copy = new ConfigValues(Numbers.Length);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Takes over every value of another set. O(directives).</summary>
    public void CopyFrom(ConfigValues other)
    {
        other.Numbers.CopyTo(Numbers, 0);
        other.Objects.CopyTo(Objects, 0);
    }
}
