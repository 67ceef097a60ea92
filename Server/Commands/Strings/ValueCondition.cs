using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>What a <see cref="ValueCondition"/> asks of a string.</summary>
internal enum ValueTest
{
    /// <summary>Nothing: no word was given.</summary>
    None,

    /// <summary>IFEQ: it is the operand.</summary>
    Equal,

    /// <summary>IFNE: it is not the operand, or missing.</summary>
    NotEqual,

    /// <summary>IFDEQ: the operand is its digest.</summary>
    DigestEqual,

    /// <summary>IFDNE: the operand is not its digest, or it is missing.</summary>
    DigestNotEqual,
}

/// <summary>
/// IFEQ, IFNE, IFDEQ, IFDNE and their operand, as SET and DELEX take them: compare and set, compare and delete. A digest is XXH3's 64 bits as
/// 16 hexadecimal digits, in which a client can name a long value without sending it.
/// </summary>
internal struct ValueCondition
{
    /// <summary>The digits of a digest.</summary>
    internal const int DigestDigits = 16;

    private int _operandIndex;

    /// <summary>Which word was given.</summary>
    internal ValueTest Test { get; private set; }

    /// <summary>Takes the word at <paramref name="i"/> with its operand, moving <paramref name="i"/> on to it; false if it is not for us.</summary>
    internal bool TryTake(in ArgVector args, ref int i)
    {
        Test = TestOf(args[i]);
        if (Test == ValueTest.None || i + 1 >= args.Count) return false;
        _operandIndex = ++i;
        return true;
    }

    /// <summary>Whether a string or missing key meets the condition, or replies that the digest is none. O(n) for n bytes.</summary>
    internal readonly bool TryJudgeOrReply(Client client, in ArgVector args, EntryRef entry, out bool holds)
    {
        var wantsEqual = Test is ValueTest.Equal or ValueTest.DigestEqual;
        holds = !wantsEqual;

        // As in Redis, a missing key is decided before the digest's form is looked at, and of that only the length is.
        if (!entry.Exists) return true;
        var operand = args[_operandIndex];
        var isDigest = Test is ValueTest.DigestEqual or ValueTest.DigestNotEqual;
        if (isDigest && operand.Length != DigestDigits)
        {
            client.Reply.Error("ERR must be exactly 16 hexadecimal characters"u8);
            return false;
        }

        holds = (isDigest ? HasDigest(entry, operand) : HasValue(entry, operand)) == wantsEqual;
        return true;
    }

    /// <summary>Prints a string's digest in lower case and returns the digits. O(n) for n bytes.</summary>
    internal static ReadOnlySpan<byte> Digest(EntryRef entry, Span<byte> digits)
    {
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        var hash = XxHash3.Hash(entry.GetString(scratch));
        hash.TryFormat(digits, out var written, "x16");
        return digits[..written];
    }

    private static bool HasValue(EntryRef entry, ReadOnlySpan<byte> value)
    {
        Span<byte> scratch = stackalloc byte[Numbers.MaxIntegerBytes];
        return entry.GetString(scratch).SequenceEqual(value);
    }

    private static bool HasDigest(EntryRef entry, ReadOnlySpan<byte> digest)
    {
        Span<byte> digits = stackalloc byte[DigestDigits];
        return AsciiText.EqualsIgnoreCase(Digest(entry, digits), digest);
    }

    private static ValueTest TestOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("ifeq"u8)) return ValueTest.Equal;
        if (word.Is("ifne"u8)) return ValueTest.NotEqual;
        if (word.Is("ifdeq"u8)) return ValueTest.DigestEqual;
        return word.Is("ifdne"u8) ? ValueTest.DigestNotEqual : ValueTest.None;
    }
}
