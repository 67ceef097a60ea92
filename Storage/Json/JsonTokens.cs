using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KestrelFree.Protocol;

namespace KestrelFree.Storage;

/// <summary>
/// Reads a stream of JSON values token by token, through a window that grows to the longest token; what is wrong is a
/// <see cref="JsonFileException"/>.
/// </summary>
internal sealed class JsonTokens(Stream stream, string name)
{
    private const int WindowBytes = 64 * 1024;

    private byte[] _buffer = new byte[WindowBytes];
    private int _start;
    private int _end;
    private bool _ended;
    private JsonReaderState _state = new(new JsonReaderOptions { AllowMultipleValues = true, CommentHandling = JsonCommentHandling.Skip });
    private byte[] _text = new byte[256];
    private int _length;

    /// <summary>What the last token is.</summary>
    public JsonTokenType Type { get; private set; }

    /// <summary>The bytes that have been read.</summary>
    public long Offset { get; private set; }

    /// <summary>The text of the last token: a string or name, unescaped, or a number as it is written. Lives until the next.</summary>
    public ReadOnlySpan<byte> Text => _text.AsSpan(0, _length);

    /// <summary>Says that what was read cannot be right.</summary>
    [DoesNotReturn]
    public void Fail(string field, string problem, Exception? inner = null) => throw new JsonFileException(name, Offset, field, problem, inner);

    /// <summary>Reads the next token; false at the end of the stream. Throws what the stream throws.</summary>
    public bool TryRead(string field)
    {
        try
        {
            while (true)
            {
                var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _ended, _state);
                bool found = reader.Read();
                _state = reader.CurrentState;
                _start += (int)reader.BytesConsumed;
                Offset += reader.BytesConsumed;
                if (found)
                {
                    Keep(reader);
                    return true;
                }

                if (_ended) return false;
                Fill();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Fail(field, e.Message, e);
            throw;
        }
    }

    /// <summary>Reads the next token, which has to be there.</summary>
    public JsonTokenType Read(string field)
    {
        if (!TryRead(field)) Fail(field, "the file ends here");
        return Type;
    }

    /// <summary>Reads the next token, which has to be of this type.</summary>
    public void Expect(JsonTokenType type, string field)
    {
        if (Read(field) != type) Fail(field, $"{type} is expected, this is {Type}");
    }

    /// <summary>Reads a whole number.</summary>
    public long ReadInteger(string field)
    {
        Read(field);
        if (Type != JsonTokenType.Number || !Numbers.TryParseInteger(Text, out long number))
        {
            Fail(field, "a whole number is expected");
            return 0;
        }

        return number;
    }

    /// <summary>Reads what stands for bytes: a string, or an object with the bytes in base64. They live until the next token.</summary>
    public ReadOnlySpan<byte> ReadBytes(string field)
    {
        Read(field);
        return CurrentBytes(field);
    }

    /// <summary>What stands for bytes and begins with the last token.</summary>
    public ReadOnlySpan<byte> CurrentBytes(string field)
    {
        if (Type is JsonTokenType.String or JsonTokenType.Number) return Text;
        if (Type != JsonTokenType.StartObject || Read(field) != JsonTokenType.PropertyName || !Text.SequenceEqual("base64"u8) || Read(field) != JsonTokenType.String)
            Fail(field, "a string is expected, or an object of one string, base64");
        int length = 0;
        if (Base64.DecodeFromUtf8InPlace(_text.AsSpan(0, _length), out length) != OperationStatus.Done)
            Fail(field, "this is not base64");
        byte[] decoded = Text[..length].ToArray();
        Expect(JsonTokenType.EndObject, field);
        _text = decoded;
        _length = length;
        return Text;
    }

    private void Keep(in Utf8JsonReader token)
    {
        Type = token.TokenType;
        _length = 0;
        if (Type is not (JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Number)) return;
        if (_text.Length < token.ValueSpan.Length) _text = new byte[token.ValueSpan.Length];
        if (Type == JsonTokenType.Number) token.ValueSpan.CopyTo(_text);
        _length = Type == JsonTokenType.Number ? token.ValueSpan.Length : token.CopyString(_text);
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, Array.MaxLength));
        int count = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += count;
        _ended = count == 0;
    }
}
