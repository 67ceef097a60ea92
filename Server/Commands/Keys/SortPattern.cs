using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

// A pattern of BY or GET names a value for each element:
//
//     #              the element itself
//     w_*            the string at the key that has the element in the place of the first star
//     h_*->field     a field of the hash at that key
//
// Redis looks at patterns as C strings: a star or an arrow behind a NUL is none, though the bytes are part of the key.

/// <summary>A pattern that names a value for each element of a sorted collection.</summary>
internal readonly ref struct SortPattern
{
    private readonly ReadOnlySpan<byte> _before;
    private readonly ReadOnlySpan<byte> _after;
    private readonly ReadOnlySpan<byte> _field;
    private readonly Form _form;

    /// <summary>Reads a pattern; any text is one.</summary>
    internal SortPattern(ReadOnlySpan<byte> pattern)
    {
        var text = UpToNul(pattern);
        var star = text.IndexOf((byte)'*');
        if (text is [(byte)'#'])
        {
            _form = Form.Element;
            return;
        }

        if (star < 0) return;
        _form = Form.Key;
        _before = pattern[..star];
        _after = pattern[(star + 1)..];
        var arrow = text[(star + 1)..].IndexOf("->"u8);
        if (arrow < 0 || star + 1 + arrow + 2 == text.Length) return;
        _form = Form.Field;
        _field = _after[(arrow + 2)..];
        _after = _after[..arrow];
    }

    private enum Form
    {
        Nothing,
        Element,
        Key,
        Field,
    }

    /// <summary>Whether there is something in a pattern for elements to stand in for.</summary>
    internal static bool HasStar(ReadOnlySpan<byte> pattern) => UpToNul(pattern).Contains((byte)'*');

    /// <summary>A text as C sees it.</summary>
    internal static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> text) => text.IndexOf((byte)0) is >= 0 and var nul ? text[..nul] : text;

    /// <summary>
    /// The value for an element, which is valid until the next look-up; false if there is none. The element must not be in the keyspace, as
    /// looking a key up may delete it; the room is for keys, and kept from one call to the next.
    /// </summary>
    internal bool TryFind(Client client, ReadOnlySpan<byte> element, ref byte[] room, out ListpackValue value)
    {
        value = element;
        if (_form is Form.Nothing or Form.Element) return _form == Form.Element;
        var length = _before.Length + element.Length + _after.Length;
        if (room.Length < length) room = new byte[length * 2];
        var key = room.AsSpan(0, length);
        _before.CopyTo(key);
        element.CopyTo(key[_before.Length..]);
        _after.CopyTo(key[(_before.Length + element.Length)..]);
        var entry = KeyCommands.LookupRead(client, key);
        if (!entry.Exists) return false;
        return _form == Form.Key ? TryString(entry, out value) : entry.Type == DataType.Hash && new HashRef(entry).TryGet(_field, out value);
    }

    private static bool TryString(EntryRef entry, out ListpackValue value)
    {
        value = default;
        if (entry.Type != DataType.String) return false;
        value = entry.TryGetInteger(out var integer) ? integer : entry.StringBytes;
        return true;
    }
}
