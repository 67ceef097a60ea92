using System.Buffers;
using System.Text;

namespace KestrelFree.Protocol;

/// <summary>Encodes requests, as a client sends them; what <see cref="RequestParser"/> reads.</summary>
public sealed class CommandEncoder
{
    private readonly IBufferWriter<byte> _output;

    /// <summary>Creates an encoder that writes to <paramref name="output"/>.</summary>
    public CommandEncoder(IBufferWriter<byte> output) => _output = output;

    /// <summary>Encodes one request of strings.</summary>
    public static byte[] Encode(params ReadOnlySpan<string> arguments)
    {
        var output = new ArrayBufferWriter<byte>();
        var encoder = new CommandEncoder(output);
        encoder.Begin(arguments.Length);
        foreach (string argument in arguments)
            encoder.Argument(argument);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Begins a request of <paramref name="count"/> arguments, the command's name included.</summary>
    public void Begin(int count) => Header((byte)'*', count);

    /// <summary>Adds an argument.</summary>
    public void Argument(ReadOnlySpan<byte> value)
    {
        Header((byte)'$', value.Length);
        _output.Write(value);
        _output.Write("\r\n"u8);
    }

    /// <summary>Adds an argument, as UTF-8.</summary>
    public void Argument(string value) => Argument(Encoding.UTF8.GetBytes(value));

    /// <summary>Adds an integer in decimal.</summary>
    public void Argument(long value)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        Argument(digits[..Numbers.FormatInteger(digits, value)]);
    }

    private void Header(byte type, long value)
    {
        Span<byte> target = _output.GetSpan(RespHeader.MaxBytes);
        _output.Advance(RespHeader.Write(target, type, value));
    }
}
