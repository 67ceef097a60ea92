using System.Diagnostics.CodeAnalysis;

namespace KestrelFree.Storage;

// Values and data of modules. They are in a module's own form, behind the name of its type:
//
//     bits 10 to 63     nine characters of six bits each
//     bits 0 to 9       the version of the form
//
// Since version 9 what the module wrote follows as parts, each behind a length that says what it is:
//
//     0 the end    1, 2 a number (a length)    3 a float : 4    4 a double : 8    5 a string
//
// There are no modules here to read them, so a file that has any is refused, and the error names the type. Whoever only checks a file can pass
// over them.

/// <summary>Refuses what belongs to modules, or passes over it.</summary>
internal static class RdbModules
{
    private const int NameLength = 9;
    private const int VersionBits = 10;
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private enum Part
    {
        End,
        SignedNumber,
        Number,
        Float,
        Double,
        Text,
    }

    /// <summary>Passes over a value, if so told; throws <see cref="RdbException"/> with the name of the module's type otherwise.</summary>
    public static RdbValue Load(scoped ref RdbReader reader, RdbLoading loading)
    {
        if (!loading.SkipsModules) Refuse(ref reader);
        reader.ReadLength("module type");
        SkipParts(ref reader);
        return new RdbValue(ValueForm.String, default);
    }

    /// <summary>Passes over data that belongs to no key: the module, when it wants it, and parts.</summary>
    public static void SkipAux(scoped ref RdbReader reader)
    {
        reader.ReadLength("module type");
        if (reader.ReadLength("module data") != (ulong)Part.Number)
            reader.Fail("module data", "when it is wanted does not follow");
        reader.ReadLength("module data");
        SkipParts(ref reader);
    }

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

    private static void SkipParts(scoped ref RdbReader reader)
    {
        while (true)
        {
            ulong part = reader.ReadLength("module data");
            switch ((Part)part)
            {
                case Part.End:
                    return;
                case Part.SignedNumber or Part.Number:
                    reader.ReadLength("module data");
                    break;
                case Part.Float:
                    reader.ReadBytes(sizeof(float), "module data");
                    break;
                case Part.Double:
                    reader.ReadBytes(sizeof(double), "module data");
                    break;
                case Part.Text:
                    reader.ReadString("module data");
                    break;
                default:
                    reader.Fail("module data", $"{part} is no part that is known");
                    break;
            }
        }
    }
}
