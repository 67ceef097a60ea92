using System.Buffers;
using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands;

/// <summary>
/// Effects that wait to be fed: requests, encoded one behind the other, with the database of each. Single-threaded; allocates nothing once it
/// has grown.
/// </summary>
internal sealed class EffectBuffer
{
    private const int KeptBytes = 1 << 20;

    private readonly CommandEncoder _encoder;
    private readonly List<(int Database, int Begin)> _begins = [];
    private ArrayBufferWriter<byte> _bytes = new();

    internal EffectBuffer() => _encoder = new CommandEncoder(new Output(this));

    /// <summary>How many effects wait.</summary>
    internal int Count => _begins.Count;

    /// <summary>One of them: the number of its database, and its bytes, valid until the next is added.</summary>
    internal (int Database, ReadOnlyMemory<byte> Bytes) this[int index]
    {
        get
        {
            var (database, begin) = _begins[index];
            var end = index + 1 < _begins.Count ? _begins[index + 1].Begin : _bytes.WrittenCount;
            return (database, _bytes.WrittenMemory[begin..end]);
        }
    }

    /// <summary>Begins an effect of so many arguments, which follow.</summary>
    internal CommandEncoder Begin(int database, int count)
    {
        _begins.Add((database, _bytes.WrittenCount));
        _encoder.Begin(count);
        return _encoder;
    }

    /// <summary>Forgets all; a buffer that has grown large is given back.</summary>
    internal void Clear()
    {
        _begins.Clear();
        if (_bytes.Capacity > KeptBytes) _bytes = new ArrayBufferWriter<byte>();
        else _bytes.ResetWrittenCount();
    }

    private sealed class Output(EffectBuffer buffer) : IBufferWriter<byte>
    {
        public void Advance(int count) => buffer._bytes.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => buffer._bytes.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => buffer._bytes.GetSpan(sizeHint);
    }
}
