using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace KestrelFree.Storage;

/// <summary>Checks that stay on in Release: a broken one means that memory can no longer be trusted.</summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantException"/>, which is fatal to the server, unless <paramref name="holds"/>. O(1).</summary>
    public static void Check([DoesNotReturnIf(false)] bool holds, [CallerArgumentExpression(nameof(holds))] string message = "")
    {
        if (!holds) Throw(message);
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(string message) => throw new InvariantException(message);
}

/// <summary>A broken invariant: the process logs it and ends.</summary>
public sealed class InvariantException(string message) : Exception("Broken invariant: " + message);
