namespace KestrelFree.Storage;

/// <summary>The type of a key's value, as TYPE tells it.</summary>
public enum DataType : byte
{
    /// <summary>There is no such key.</summary>
    None,

    /// <summary>A string.</summary>
    String,

    /// <summary>A list.</summary>
    List,

    /// <summary>A set.</summary>
    Set,

    /// <summary>A sorted set.</summary>
    SortedSet,

    /// <summary>A hash.</summary>
    Hash,

    /// <summary>A stream.</summary>
    Stream,

    /// <summary>A type that a module brought.</summary>
    Module,
}

/// <summary>How a value is stored, as OBJECT ENCODING tells it.</summary>
public enum ValueEncoding : byte
{
    /// <summary>There is no such key.</summary>
    None,

    /// <summary>An integer.</summary>
    Int,

    /// <summary>A string of at most 44 bytes.</summary>
    EmbStr,

    /// <summary>A longer string, or one that was appended to.</summary>
    Raw,

    /// <summary>A listpack.</summary>
    ListPack,

    /// <summary>A listpack that has the expiry of every field beside it.</summary>
    ListPackEx,

    /// <summary>A sequence of listpacks.</summary>
    QuickList,

    /// <summary>A sorted array of integers.</summary>
    IntSet,

    /// <summary>A table.</summary>
    HashTable,

    /// <summary>An ordered tree; the name that clients look for is the skiplist's.</summary>
    SkipList,

    /// <summary>A stream's tree of listpacks.</summary>
    Stream,
}

/// <summary>
/// What the value of an entry is: a type in one of its encodings. Five bits in the entry. First the forms that are bytes (strings, then packed
/// collections), then those that are objects (<see cref="CollectionValue"/>).
/// </summary>
internal enum ValueForm : byte
{
    /// <summary>A string as SET leaves it.</summary>
    String,

    /// <summary>A string as APPEND and SETRANGE leave it: raw, however short.</summary>
    RawString,

    /// <summary>A list in one listpack.</summary>
    ListListpack,

    /// <summary>A set in a listpack.</summary>
    SetListpack,

    /// <summary>A set of integers in an intset.</summary>
    SetIntset,

    /// <summary>A hash in a listpack of fields and values.</summary>
    HashListpack,

    /// <summary>A hash in a listpack of fields, values and expiries.</summary>
    HashListpackEx,

    /// <summary>A sorted set in a listpack of members and scores.</summary>
    ZsetListpack,

    /// <summary>A list as a sequence of listpacks.</summary>
    ListQuicklist,

    /// <summary>A set as a table.</summary>
    SetTable,

    /// <summary>A hash as a table.</summary>
    HashTable,

    /// <summary>A sorted set as a tree beside a table.</summary>
    ZsetTree,

    /// <summary>A stream.</summary>
    Stream,
}

/// <summary>What distinguishes the kinds of forms.</summary>
internal static class ValueForms
{
    /// <summary>Whether a form is a collection in bytes.</summary>
    public static bool IsPacked(ValueForm form) => form is >= ValueForm.ListListpack and <= ValueForm.ZsetListpack;

    /// <summary>Whether a form is a collection in an object.</summary>
    public static bool IsCollection(ValueForm form) => form >= ValueForm.ListQuicklist;
}

/// <summary>One row per type: what clients call it.</summary>
internal static class DataTypes
{
    private const int MaxEmbStr = 44;

    /// <summary>The type of a form.</summary>
    public static DataType TypeOf(ValueForm form) => form switch
    {
        ValueForm.String or ValueForm.RawString => DataType.String,
        ValueForm.ListListpack or ValueForm.ListQuicklist => DataType.List,
        ValueForm.SetListpack or ValueForm.SetIntset or ValueForm.SetTable => DataType.Set,
        ValueForm.ZsetListpack or ValueForm.ZsetTree => DataType.SortedSet,
        ValueForm.HashListpack or ValueForm.HashListpackEx or ValueForm.HashTable => DataType.Hash,
        ValueForm.Stream => DataType.Stream,
        _ => DataType.None,
    };

    /// <summary>The encoding of a form that is no string.</summary>
    public static ValueEncoding EncodingOf(ValueForm form) => form switch
    {
        ValueForm.ListListpack or ValueForm.SetListpack or ValueForm.HashListpack or ValueForm.ZsetListpack => ValueEncoding.ListPack,
        ValueForm.HashListpackEx => ValueEncoding.ListPackEx,
        ValueForm.SetIntset => ValueEncoding.IntSet,
        ValueForm.ListQuicklist => ValueEncoding.QuickList,
        ValueForm.SetTable or ValueForm.HashTable => ValueEncoding.HashTable,
        ValueForm.ZsetTree => ValueEncoding.SkipList,
        ValueForm.Stream => ValueEncoding.Stream,
        _ => ValueEncoding.None,
    };

    /// <summary>The encoding of a string's form.</summary>
    public static ValueEncoding StringEncoding(ValueForm form, bool isInteger, int length)
    {
        if (isInteger) return ValueEncoding.Int;
        return form == ValueForm.String && length <= MaxEmbStr ? ValueEncoding.EmbStr : ValueEncoding.Raw;
    }

    /// <summary>The name of a type in TYPE's reply.</summary>
    public static ReadOnlySpan<byte> NameOf(DataType type) => type switch
    {
        DataType.String => "string"u8,
        DataType.List => "list"u8,
        DataType.Set => "set"u8,
        DataType.SortedSet => "zset"u8,
        DataType.Hash => "hash"u8,
        DataType.Stream => "stream"u8,
        DataType.Module => "module"u8,
        _ => "none"u8,
    };

    /// <summary>The name of an encoding in OBJECT ENCODING's reply.</summary>
    public static ReadOnlySpan<byte> NameOf(ValueEncoding encoding) => encoding switch
    {
        ValueEncoding.Int => "int"u8,
        ValueEncoding.EmbStr => "embstr"u8,
        ValueEncoding.Raw => "raw"u8,
        ValueEncoding.ListPack => "listpack"u8,
        ValueEncoding.ListPackEx => "listpackex"u8,
        ValueEncoding.QuickList => "quicklist"u8,
        ValueEncoding.IntSet => "intset"u8,
        ValueEncoding.HashTable => "hashtable"u8,
        ValueEncoding.SkipList => "skiplist"u8,
        ValueEncoding.Stream => "stream"u8,
        _ => "unknown"u8,
    };
}
