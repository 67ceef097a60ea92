namespace KestrelFree.Storage;

/// <summary>A data type as commands see it: a ref struct over an entry that is missing or of the type. One opener serves all of them.</summary>
/// <typeparam name="TSelf">The ref struct itself.</typeparam>
public interface ICollectionRef<TSelf>
    where TSelf : ICollectionRef<TSelf>, allows ref struct
{
    /// <summary>What an entry has to be.</summary>
    static abstract DataType Type { get; }

    /// <summary>Whether there is a value.</summary>
    bool Exists { get; }

    /// <summary>Its key.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Opens an entry that is missing or of the type.</summary>
    static abstract TSelf Open(EntryRef entry);
}
