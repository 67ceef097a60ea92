using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>The words by which a command gives an expiry.</summary>
internal enum ExpiryUnit
{
    /// <summary>None was given.</summary>
    None,

    /// <summary>EX: seconds from now.</summary>
    Seconds,

    /// <summary>PX: milliseconds from now.</summary>
    Milliseconds,

    /// <summary>EXAT: a Unix time in seconds.</summary>
    UnixSeconds,

    /// <summary>PXAT: a Unix time in milliseconds.</summary>
    UnixMilliseconds,

    /// <summary>KEEPTTL: the expiry stays as it is.</summary>
    Keep,

    /// <summary>PERSIST: the expiry is taken away.</summary>
    Persist,
}

/// <summary>EX, PX, EXAT, PXAT and their argument, as SET, GETEX and MSETEX take them; at most one of them.</summary>
internal struct ExpiryArgument
{
    /// <summary>Which word was given.</summary>
    internal ExpiryUnit Unit { get; private set; }

    /// <summary>Where its value stands among the arguments; 0 when there is none.</summary>
    internal int ValueIndex { get; private set; }

    /// <summary>Takes the word at <paramref name="i"/> with its value, moving <paramref name="i"/> on to it; false if it is not for us.</summary>
    internal bool TryTake(in ArgVector args, ref int i)
    {
        // The same word may be given twice, and the later value counts; that is what Redis does.
        var unit = UnitOf(args[i]);
        if (unit == ExpiryUnit.None || (Unit != ExpiryUnit.None && Unit != unit) || i + 1 >= args.Count) return false;
        Unit = unit;
        ValueIndex = ++i;
        return true;
    }

    /// <summary>Takes a word without a value, KEEPTTL or PERSIST; false if another has been given.</summary>
    internal bool TryTakeWord(ExpiryUnit word)
    {
        if (Unit != ExpiryUnit.None && Unit != word) return false;
        Unit = word;
        return true;
    }

    /// <summary>Turns what was given into an expiry, or replies why that is impossible.</summary>
    internal readonly bool TryResolveOrReply(Client client, in ArgVector args, string command, out Expiry expiry)
    {
        expiry = Unit == ExpiryUnit.Keep ? Expiry.Keep : Expiry.None;
        if (!TryResolveUnixMsOrReply(client, args, command, out var unixMs)) return false;
        if (ValueIndex != 0) expiry = Expiry.At(unixMs);
        return true;
    }

    /// <summary>The time that was given in Unix milliseconds, 0 when none was, or replies why it is impossible.</summary>
    internal readonly bool TryResolveUnixMsOrReply(Client client, in ArgVector args, string command, out long unixMs)
    {
        unixMs = 0;
        if (ValueIndex == 0) return true;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[ValueIndex], out var value)) return false;
        if (TryUnixMs(client, Unit, value, out unixMs)) return true;
        client.Reply.Error($"ERR invalid expire time in '{command}' command");
        return false;
    }

    /// <summary>A positive time in some unit as Unix milliseconds; false when it is not positive or beyond the end of time.</summary>
    internal static bool TryUnixMs(Client client, ExpiryUnit unit, long value, out long unixMs)
    {
        unixMs = 0;
        var inSeconds = unit is ExpiryUnit.Seconds or ExpiryUnit.UnixSeconds;
        if (value <= 0 || (inSeconds && value > long.MaxValue / 1000)) return false;
        var from = unit is ExpiryUnit.Seconds or ExpiryUnit.Milliseconds ? client.Server.Clock.NowMs : 0;
        var ms = inSeconds ? value * 1000 : value;
        if (ms > long.MaxValue - from) return false;
        unixMs = ms + from;
        return true;
    }

    /// <summary>The unit that EX, PX, EXAT or PXAT says; none for another word.</summary>
    internal static ExpiryUnit UnitOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("ex"u8)) return ExpiryUnit.Seconds;
        if (word.Is("px"u8)) return ExpiryUnit.Milliseconds;
        if (word.Is("exat"u8)) return ExpiryUnit.UnixSeconds;
        return word.Is("pxat"u8) ? ExpiryUnit.UnixMilliseconds : ExpiryUnit.None;
    }
}
