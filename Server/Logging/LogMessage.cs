using System.Runtime.CompilerServices;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Logging;

/// <summary>A level as a type, so that an interpolated message knows before it is formatted whether it is wanted.</summary>
internal interface ILevel
{
    /// <summary>The level.</summary>
    static abstract LogLevel Level { get; }
}

/// <summary>The level debug.</summary>
internal readonly struct DebugLevel : ILevel
{
    /// <inheritdoc/>
    public static LogLevel Level => LogLevel.Debug;
}

/// <summary>The level verbose.</summary>
internal readonly struct VerboseLevel : ILevel
{
    /// <inheritdoc/>
    public static LogLevel Level => LogLevel.Verbose;
}

/// <summary>The level notice.</summary>
internal readonly struct NoticeLevel : ILevel
{
    /// <inheritdoc/>
    public static LogLevel Level => LogLevel.Notice;
}

/// <summary>The level warning.</summary>
internal readonly struct WarningLevel : ILevel
{
    /// <inheritdoc/>
    public static LogLevel Level => LogLevel.Warning;
}

/// <summary>An interpolated log message: neither its parts nor its text are evaluated when the level is off.</summary>
[InterpolatedStringHandler]
internal ref struct LogMessage<TLevel>
    where TLevel : struct, ILevel
{
    private DefaultInterpolatedStringHandler _text;

    /// <summary>Called by the compiler; asks the log whether the message is wanted.</summary>
    public LogMessage(int literalLength, int formattedCount, ServerLog log, out bool isWanted)
    {
        isWanted = log.IsEnabled(TLevel.Level);
        IsWanted = isWanted;
        if (isWanted) _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
    }

    /// <summary>Whether there is a message.</summary>
    public bool IsWanted { get; }

    /// <summary>Called by the compiler.</summary>
    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted(ReadOnlySpan<char> value) => _text.AppendFormatted(value);

    /// <summary>The text; the handler's buffer goes back to its pool.</summary>
    public string Take() => _text.ToStringAndClear();
}
