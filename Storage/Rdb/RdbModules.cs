using System.Diagnostics.CodeAnalysis;

namespace KestrelFree.Storage;

// Values and data of modules. They are in a module's own form, behind the name of its type:
//
//     bits 10 to 63     nine characters of six bits each
//     bits 0 to 9       the version of the form
//
// There are no modules here to read them, so a file that has any is refused, and the error names the type.

/// <summary>Refuses what belongs to modules.</summary>
internal static class RdbModules
{
    private const int NameLength = 9;
    private const int VersionBits = 10;
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>Throws <see cref="RdbException"/> with the name of the module's type.</summary>
    public static RdbValue Refuse(scoped ref RdbReader reader, RdbLoading loading)
    {
        Refuse(ref reader);
        return default;
    }

    /// <inheritdoc cref="Refuse(ref RdbReader, RdbLoading)"/>
    [DoesNotReturn]
    public static void Refuse(scoped ref RdbReader reader)
    {
        ulong id = reader.ReadLength("module type");
        Span<char> name = stackalloc char[NameLength];
        for (int i = 0; i < NameLength; i++)
            name[i] = Characters[(int)(id >> (VersionBits + (6 * (NameLength - 1 - i)))) & 0x3F];
        reader.Fail("module type", $"data of the module type '{name}' (version {id & ((1 << VersionBits) - 1)}) needs its module");
    }
}
