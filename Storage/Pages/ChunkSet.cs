using System.Numerics;

namespace KestrelFree.Storage.Pages;

/// <summary>A set of chunk numbers that finds its lowest member: allocators fill low chunks first, so that high ones run empty.</summary>
internal sealed class ChunkSet
{
    private ulong[] _words = new ulong[1];
    private int _firstWord;

    /// <summary>Adds a number; it may be there already.</summary>
    public void Add(int number)
    {
        int word = number >> 6;
        if (word >= _words.Length) Array.Resize(ref _words, Math.Max(word + 1, _words.Length * 2));
        _words[word] |= 1ul << number;
        _firstWord = Math.Min(_firstWord, word);
    }

    /// <summary>Removes a number that is in the set.</summary>
    public void Remove(int number) => _words[number >> 6] &= ~(1ul << number);

    /// <summary>Finds the lowest number. O(n/64) at worst, O(1) as a rule.</summary>
    public bool TryGetLowest(out int number)
    {
        for (; _firstWord < _words.Length; _firstWord++)
        {
            ulong word = _words[_firstWord];
            if (word != 0)
            {
                number = (_firstWord << 6) + BitOperations.TrailingZeroCount(word);
                return true;
            }
        }

        // An empty set: the next Add moves the start back.
        number = 0;
        return false;
    }
}
