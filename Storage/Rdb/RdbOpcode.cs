namespace KestrelFree.Storage;

/// <summary>What a file holds besides keys: bytes in the place of a type.</summary>
public enum RdbOpcode : byte
{
    /// <summary>A cluster slot's sizes: slot, keys, keys that expire.</summary>
    SlotSizes = 244,

    /// <summary>The source of a library of functions.</summary>
    Function = 245,

    /// <summary>Data of a module that belongs to no key.</summary>
    ModuleAux = 247,

    /// <summary>The seconds since the next key was used.</summary>
    Idle = 248,

    /// <summary>How often the next key is used, one byte.</summary>
    Frequency = 249,

    /// <summary>A name and a value about the file.</summary>
    Aux = 250,

    /// <summary>How many keys the database has, and how many of them expire.</summary>
    ResizeDatabase = 251,

    /// <summary>When the next key expires: eight bytes, Unix milliseconds.</summary>
    ExpireTimeMs = 252,

    /// <summary>When the next key expires: four bytes, Unix seconds.</summary>
    ExpireTime = 253,

    /// <summary>The number of the database that the next keys belong to.</summary>
    SelectDatabase = 254,

    /// <summary>The end; the checksum follows.</summary>
    End = 255,
}
