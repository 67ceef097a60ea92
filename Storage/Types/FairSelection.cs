using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage;

/// <summary>
/// Chooses so many of a known number of elements that pass by one after the other, each set of them with the same probability, without remembering
/// any. Source: Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
/// </summary>
public ref struct FairSelection(Keyspace keyspace, long total, long wanted)
{
    private long _left = total;
    private long _wanted = wanted;

    /// <summary>Whether the next element is chosen.</summary>
    public bool TakesNext()
    {
        bool taken = keyspace.Dice.NextInt64(Math.Max(1, _left)) < _wanted;
        _left--;
        if (taken) _wanted--;
        return taken;
    }
}

/// <summary>The elements drawn so far, of which only the hashes are kept (64 bits under a secret key).</summary>
public readonly struct DrawnElements(Keyspace keyspace)
{
    private readonly HashSet<ulong> _hashes = [];

    /// <summary>How many.</summary>
    public int Count => _hashes.Count;

    /// <summary>Notes an element; false if it was drawn before.</summary>
    public bool Add(ListpackValue element) => _hashes.Add(keyspace.Hasher.Hash(element.GetText(stackalloc byte[ListpackValue.MaxIntegerText])));
}
