namespace KestrelFree.Storage;

// DEBUG DIGEST of all databases. Within a database entries are xored, so the order of a walk does not matter; the databases themselves are mixed in
// the order of their numbers. A walk of a fork does not visit them in that order after SWAPDB, so each has a digest of its own until the end.

/// <summary>The digest of a data set, built up entry by entry.</summary>
public sealed class DatasetDigest
{
    private readonly ValueDigest[] _databases;
    private readonly bool[] _hasKeys;

    /// <summary>The digest of so many empty databases.</summary>
    public DatasetDigest(int databases)
    {
        _databases = new ValueDigest[databases];
        _hasKeys = new bool[databases];
    }

    /// <summary>The type of an entry that could not be added; None when all could.</summary>
    public DataType Unsupported { get; private set; }

    /// <summary>Adds an entry. O(key and value).</summary>
    public void Add(int database, in EntryView entry)
    {
        var digest = default(ValueDigest);
        digest.Mix(entry.Key);
        if (!ValueDigests.TryMix(entry, ref digest)) Unsupported = entry.Type;
        _databases[database].Xor(digest.Bytes);
        _hasKeys[database] = true;
    }

    /// <summary>The digest of what was added. O(databases).</summary>
    public ValueDigest Finish()
    {
        var digest = default(ValueDigest);
        for (int index = 0; index < _databases.Length; index++)
        {
            if (!_hasKeys[index]) continue;
            ValueDigests.MixNumber(index, ref digest);
            digest.Join(_databases[index]);
        }

        return digest;
    }
}
