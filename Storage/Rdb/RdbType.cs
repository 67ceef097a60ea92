namespace KestrelFree.Storage;

/// <summary>What kind of value follows: the byte before a key in a file, and the first byte of a DUMP payload.</summary>
public enum RdbType : byte
{
    /// <summary>A string.</summary>
    String = 0,

    /// <summary>A list, element by element.</summary>
    List = 1,

    /// <summary>A set, member by member.</summary>
    Set = 2,

    /// <summary>A sorted set whose scores are text.</summary>
    ZsetText = 3,

    /// <summary>A hash, field by field.</summary>
    Hash = 4,

    /// <summary>A sorted set whose scores are binary.</summary>
    Zset = 5,

    /// <summary>A module's value of before Redis 4.0, which nothing but the module can skip.</summary>
    OldModule = 6,

    /// <summary>A module's value, with markers between its parts.</summary>
    Module = 7,

    /// <summary>A hash as a zipmap (Redis 2.4).</summary>
    HashZipmap = 9,

    /// <summary>A list as a ziplist (before Redis 3.2).</summary>
    ListZiplist = 10,

    /// <summary>A set as an intset.</summary>
    SetIntset = 11,

    /// <summary>A sorted set as a ziplist (before Redis 7.0).</summary>
    ZsetZiplist = 12,

    /// <summary>A hash as a ziplist (before Redis 7.0).</summary>
    HashZiplist = 13,

    /// <summary>A list as a sequence of ziplists (before Redis 7.0).</summary>
    ListQuicklist = 14,

    /// <summary>A stream (Redis 5).</summary>
    Stream = 15,

    /// <summary>A hash as a listpack.</summary>
    HashListpack = 16,

    /// <summary>A sorted set as a listpack.</summary>
    ZsetListpack = 17,

    /// <summary>A list as a sequence of listpacks and plain elements.</summary>
    ListQuicklist2 = 18,

    /// <summary>A stream with its first id and its counters (Redis 7.0).</summary>
    Stream2 = 19,

    /// <summary>A set as a listpack (RDB version 11).</summary>
    SetListpack = 20,

    /// <summary>A stream with the active times of its consumers (RDB version 11).</summary>
    Stream3 = 21,

    /// <summary>A hash with the expiries of its fields (RDB version 12).</summary>
    HashMetadata = 24,

    /// <summary>A hash as a listpack with the expiries of its fields (RDB version 12).</summary>
    HashListpackEx = 25,
}
