namespace KestrelFree.Storage;

/// <summary>Numbers of the RDB format; <see cref="RdbWriter"/> tells what it is.</summary>
public static class RdbFormat
{
    /// <summary>The version that is written unless a value needs a newer one: every server since Redis 7.0 reads it, and Valkey too.</summary>
    public const int Version = 10;

    /// <summary>The newest version that is read, that of Redis 7.4 to 8.4.</summary>
    public const int NewestVersion = 12;

    /// <summary>The version of Valkey 9, under a magic of its own.</summary>
    public const int ValkeyVersion = 80;

    /// <summary>The oldest version in which the fields of a hash can have expiries.</summary>
    public const int FieldExpiryVersion = 12;

    /// <summary>Bytes of a checksum.</summary>
    public const int ChecksumBytes = 8;

    // The first byte of a length: its two highest bits tell the form.
    internal const int FormMask = 0xC0;
    internal const int ShortForm = 0x00;
    internal const int MediumForm = 0x40;
    internal const int LongForm = 0x80;
    internal const int EncodedForm = 0xC0;
    internal const byte Length32 = 0x80;
    internal const byte Length64 = 0x81;

    // What an encoded string is.
    internal const int Int8 = 0;
    internal const int Int16 = 1;
    internal const int Int32 = 2;
    internal const int Lzf = 3;

    /// <summary>Up to so many bytes no string becomes shorter by compression.</summary>
    internal const int IncompressibleBytes = 20;

    /// <summary>Compression has to save so many bytes to be worth its header.</summary>
    internal const int MinSavedBytes = 4;
}
