namespace KestrelFree.Tests.Support;

/// <summary>Reads single fields of INFO.</summary>
internal static class InfoFields
{
    /// <summary>A field's value; empty when INFO has no such field.</summary>
    public static string InfoField(this RawConnection client, string name)
    {
        var line = client.AskPayload("INFO", "everything").Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return line is null ? "" : line[(name.Length + 1)..];
    }

    /// <summary>A field that is a number.</summary>
    public static long InfoNumber(this RawConnection client, string name) => long.Parse(client.InfoField(name), System.Globalization.CultureInfo.InvariantCulture);
}
