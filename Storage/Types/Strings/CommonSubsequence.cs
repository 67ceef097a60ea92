using System.Buffers;
using System.Numerics;

namespace KestrelFree.Storage;

// The longest bytes that two strings a and b have in common in this order, not necessarily side by side: what LCS replies.
//
// The obvious way is a table L[i, j] of the lengths for all beginnings of a and b: 4 bytes and a comparison per cell. But along a row L grows by
// 0 or 1 from cell to cell, so a bit per cell is enough, and 64 of them are computed by one addition, which carries along exactly where L does:
//
//     row 0   all ones                                 (a one: L[i, j] = L[i, j - 1]; a zero: one more)
//     row i   (V + (V & M)) | (V & ~M)                 V the row before, M a one wherever b has the i-th byte of a
//
// The length is the number of zeros in the last row. To find the bytes themselves the rows are kept, and walked back from the last cell: where
// the bytes are equal both are taken, else it goes on in the direction of the larger L. L[i - 1, j] > L[i, j - 1] is what a zero at (i, j) says
// there. On a tie it goes along b, as Redis does, since the reply tells which of several was found.
//
// Sources: M. Crochemore et al., "A fast and practical bit-vector algorithm for the longest common subsequence problem" (2001).

/// <summary>A longest common subsequence of two strings. O(n m / 64) time; as many bits as a table has cells.</summary>
public ref struct CommonSubsequence
{
    private const int BitsPerWord = 64;

    private readonly ReadOnlySpan<byte> _a;
    private readonly ReadOnlySpan<byte> _b;
    private readonly int _wordsPerRow;
    private ulong[]? _rows;
    private int _i;
    private int _j;

    /// <summary>Finds one. It has to be disposed of.</summary>
    public CommonSubsequence(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        _a = a;
        _b = b;
        _wordsPerRow = WordsFor(b.Length);
        _rows = ArrayPool<ulong>.Shared.Rent(checked((a.Length + 1) * _wordsPerRow));
        _rows.AsSpan(0, _wordsPerRow).Fill(ulong.MaxValue);
        Masks masks = new(a, b);
        for (int i = 0; i < a.Length; i++)
            Step(Row(i), masks.Of(a[i]), Row(i + 1));
        masks.Dispose();
        Length = Zeros(Row(a.Length), b.Length);
        _i = a.Length;
        _j = b.Length;
    }

    /// <summary>How many bytes it has.</summary>
    public int Length { get; }

    /// <summary>Its bytes that lie side by side in both strings: so many, from these places on. Runs come last to first.</summary>
    public readonly record struct Run(int InA, int InB, int Length);

    /// <summary>Whether the rows of two strings fit into an array.</summary>
    public static bool Fits(int a, int b) => (a + 1L) * WordsFor(b) <= Array.MaxLength;

    /// <summary>Only the length, in memory for one row.</summary>
    public static int LengthOf(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int words = WordsFor(b.Length);
        ulong[] row = ArrayPool<ulong>.Shared.Rent(words);
        row.AsSpan(0, words).Fill(ulong.MaxValue);
        Masks masks = new(a, b);
        foreach (byte value in a)
            Step(row.AsSpan(0, words), masks.Of(value), row.AsSpan(0, words));
        masks.Dispose();
        int length = Zeros(row.AsSpan(0, words), b.Length);
        ArrayPool<ulong>.Shared.Return(row);
        return length;
    }

    /// <summary>Goes on to the run before; false when there is none. O(n + m) for all of them.</summary>
    public bool MoveNext(out Run run)
    {
        while (_i > 0 && _j > 0 && _a[_i - 1] != _b[_j - 1])
        {
            if (IsOneMore(_i, _j)) _i--;
            else _j--;
        }

        int length = 0;
        while (_i > 0 && _j > 0 && _a[_i - 1] == _b[_j - 1])
        {
            _i--;
            _j--;
            length++;
        }

        run = new Run(_i, _j, length);
        return length > 0;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_rows is not null) ArrayPool<ulong>.Shared.Return(_rows);
        _rows = null;
    }

    private static int WordsFor(int bits) => (bits + BitsPerWord - 1) / BitsPerWord;

    // From and to may be the same row.
    private static void Step(ReadOnlySpan<ulong> from, ReadOnlySpan<ulong> mask, Span<ulong> to)
    {
        ulong carry = 0;
        for (int i = 0; i < to.Length; i++)
        {
            ulong value = from[i];
            ulong matched = value & mask[i];
            ulong sum = value + matched;
            ulong total = sum + carry;
            carry = sum < value || total < sum ? 1UL : 0;
            to[i] = total | (value & ~mask[i]);
        }
    }

    private static int Zeros(ReadOnlySpan<ulong> row, int bits)
    {
        int zeros = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int unused = Math.Max(0, ((i + 1) * BitsPerWord) - bits);
            zeros += BitOperations.PopCount(~row[i] << unused);
        }

        return zeros;
    }

    private readonly Span<ulong> Row(int i) => _rows.AsSpan(i * _wordsPerRow, _wordsPerRow);

    private readonly bool IsOneMore(int i, int j) => (Row(i)[(j - 1) / BitsPerWord] >> ((j - 1) % BitsPerWord) & 1) == 0;

    // Where b has a byte, for every byte that a has; the bytes of b that a lacks need no mask.
    private ref struct Masks
    {
        private readonly int _words;
        private readonly ulong[] _bits;
        private MaskIndex _index;

        public Masks(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        {
            _words = WordsFor(b.Length);
            int count = 0;
            foreach (byte value in a)
            {
                if (_index[value] == 0) _index[value] = (short)++count;
            }

            _bits = ArrayPool<ulong>.Shared.Rent(checked((count + 1) * _words));
            _bits.AsSpan(0, (count + 1) * _words).Clear();
            for (int j = 0; j < b.Length; j++)
            {
                int mask = _index[b[j]];
                _bits[(mask * _words) + (j / BitsPerWord)] |= 1UL << (j % BitsPerWord);
            }
        }

        public readonly ReadOnlySpan<ulong> Of(byte value) => _bits.AsSpan(_index[value] * _words, _words);

        public readonly void Dispose() => ArrayPool<ulong>.Shared.Return(_bits);
    }

    // The number of a byte's mask; 0 for the mask that takes the bytes which only b has.
    [System.Runtime.CompilerServices.InlineArray(256)]
    private struct MaskIndex
    {
        private short _first;
    }
}
