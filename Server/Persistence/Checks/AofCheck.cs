using System.Buffers.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Persistence;

// --check-aof: what redis-check-aof does, in its words, which scripts look for.
//
//     a manifest          its base and incremental files are checked in order
//     anything else       one file: requests, perhaps behind a snapshot
//
// A file is sound up to the end of its last whole request outside a transaction, or of its last whole transaction. --fix cuts the rest off, once
// the user agrees, and --truncate-to-timestamp cuts at the first annotation of a later time; either only in the last file, since those behind it go
// on from its end. What is cut is kept beside the file.

/// <summary>Checks an append-only file, and cuts its end off where it is told to.</summary>
/// <param name="options">What to check and how.</param>
/// <param name="output">Takes the report.</param>
/// <param name="input">Where the user agrees, with a line that begins with y.</param>
internal sealed class AofCheck(AofCheckOptions options, TextWriter output, TextReader input)
{
    private enum Verdict
    {
        Valid,
        Empty,
        Cut,
        CutToTimestamp,
        Failed,
    }

    /// <summary>Checks what the options name; the exit code of the process.</summary>
    internal int Run()
    {
        try
        {
            return (IsManifest(options.FilePath) ? CheckParts() : CheckSingle()) ? 0 : 1;
        }
        catch (LoadException e)
        {
            output.WriteLine(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"Cannot open or change file {options.FilePath}: {SystemErrorText.Of(e)}, aborting...");
        }

        return 1;
    }

    private bool CheckSingle()
    {
        output.WriteLine("Start checking Old-Style AOF");
        return Passes("AOF", options.FilePath, options.FilePath, AofPlace.Last);
    }

    private bool CheckParts()
    {
        output.WriteLine("Start checking Multi Part AOF");
        var manifest = AofManifest.Parse(File.ReadAllBytes(options.FilePath));
        var folder = Path.GetDirectoryName(Path.GetFullPath(options.FilePath))!;
        if (manifest.Base is { } first)
        {
            var path = Path.Combine(folder, first.Name);
            output.WriteLine($"Start to check BASE AOF ({(BeginsWithSnapshot(path) ? "RDB" : "RESP")} format).");
            if (!Passes("BASE AOF", first.Name, path, manifest.Incrs.Count == 0 ? AofPlace.Last : AofPlace.Earlier)) return false;
        }

        if (manifest.Incrs.Count > 0) output.WriteLine("Start to check INCR files.");
        for (var i = 0; i < manifest.Incrs.Count; i++)
        {
            var name = manifest.Incrs[i].Name;
            if (!Passes("INCR AOF", name, Path.Combine(folder, name), i == manifest.Incrs.Count - 1 ? AofPlace.Last : AofPlace.Earlier)) return false;
        }

        output.WriteLine("All AOF files and manifest are valid");
        return true;
    }

    private bool Passes(string kind, string name, string path, AofPlace place)
    {
        var verdict = Check(name, path, place);
        var line = verdict switch
        {
            Verdict.Valid => $"{kind} {name} is valid",
            Verdict.Empty => $"{kind} {name} is empty",
            Verdict.Cut => $"Successfully truncated AOF {name}",
            Verdict.CutToTimestamp => $"Successfully truncated AOF {name} to timestamp {options.Timestamp}",
            _ => null,
        };
        if (line is not null) output.WriteLine(line);
        return verdict != Verdict.Failed;
    }

    private Verdict Check(string name, string path, AofPlace place)
    {
        using var file = Open(path);
        if (file.Length == 0) return Verdict.Empty;
        long begin = 0;
        if (BeginsWithSnapshot(path))
        {
            var snapshot = new RdbCheck(path, output);
            if (!snapshot.IsSound(file)) return Fail("RDB preamble of AOF file is not sane, aborting.");
            output.WriteLine("RDB preamble is OK, proceeding with AOF tail...");
            begin = snapshot.EndOffset;
        }

        return CheckRequests(new AofReader(file, path, begin), name, path, place);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Share = FileShare.ReadWrite, BufferSize = 0, Options = FileOptions.SequentialScan });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"Cannot open file {path}: {SystemErrorText.Of(e)}, aborting...", e);
        }
    }

    private Verdict CheckRequests(AofReader reader, string name, string path, AofPlace place)
    {
        var valid = reader.Offset;
        long lines = 1;
        var isInTransaction = false;
        var token = reader.Next();
        for (; token is AofToken.Request or AofToken.Annotation; token = reader.Next())
        {
            if (token == AofToken.Annotation)
            {
                if (IsLater(reader.Annotation)) return CutToTimestamp(reader.TokenOffset, name, path, place);
            }
            else
            {
                var isMulti = AsciiText.EqualsIgnoreCase(reader.Arguments[0], "multi"u8);
                var isExec = AsciiText.EqualsIgnoreCase(reader.Arguments[0], "exec"u8);
                if (isInTransaction ? isMulti : isExec) return Conclude(reader, valid, lines, $"Unexpected {(isMulti ? "MULTI" : "EXEC")} in AOF {path}", name, path, place);
                isInTransaction = isInTransaction ? !isExec : isMulti;
                lines += 1 + (2 * reader.Arguments.Count);
            }

            if (!isInTransaction) valid = reader.Offset;
        }

        var fault = token == AofToken.Malformed ? "Expected a request, got something else"
            : reader.Offset < reader.Length ? "The file ends within a request, or in zeros"
            : isInTransaction ? "Reached EOF before reading EXEC for MULTI" : null;
        return Conclude(reader, valid, lines, fault, name, path, place);
    }

    private Verdict Conclude(AofReader reader, long valid, long lines, string? fault, string name, string path, AofPlace place)
    {
        if (fault is not null) output.WriteLine($"0x{reader.TokenOffset:x16}: {fault}");
        var rest = reader.Length - valid;
        if (rest == 0 && options.Timestamp is { } timestamp)
        {
            output.WriteLine($"Truncate nothing in AOF {name} to timestamp {timestamp}");
            return Verdict.Valid;
        }

        output.WriteLine($"AOF analyzed: filename={name}, size={reader.Length}, ok_up_to={valid}, ok_up_to_line={lines}, diff={rest}");
        if (rest == 0) return Verdict.Valid;
        if (!options.Fixes) return Fail($"AOF {name} is not valid. Use the --fix option to try fixing it.");
        if (place != AofPlace.Last) return Fail($"Failed to truncate AOF {name} because it is not the last file");
        output.WriteLine($"This will shrink the AOF {name} from {reader.Length} bytes, with {rest} bytes, to {valid} bytes");
        output.Write("Continue? [y/N]: ");
        output.Flush();
        if (input.ReadLine()?.StartsWith("y", StringComparison.OrdinalIgnoreCase) != true) return Fail("Aborting...");
        Cut(path, valid);
        return Verdict.Cut;
    }

    private bool IsLater(ReadOnlySpan<byte> annotation)
    {
        if (options.Timestamp is not { } timestamp || !annotation.StartsWith("#TS:"u8)) return false;
        var digits = annotation[4..];
        if (!Utf8Parser.TryParse(digits, out long seconds, out var used) || !digits[used..].SequenceEqual("\r\n"u8)) throw new LoadException("Invalid timestamp annotation");
        return seconds > timestamp;
    }

    private Verdict CutToTimestamp(long offset, string name, string path, AofPlace place)
    {
        if (offset == 0) return Fail($"AOF {name} has nothing before timestamp {options.Timestamp}, aborting...");
        if (place != AofPlace.Last)
        {
            return Fail(
                $"Failed to truncate AOF {name} to timestamp {options.Timestamp} to offset {offset} because it is not the last file.\n" +
                "To do so all the same, first take the files behind it out of the manifest and delete them; then check again.");
        }

        Cut(path, offset);
        return Verdict.CutToTimestamp;
    }

    private void Cut(string path, long offset)
    {
        output.WriteLine($"What was behind offset {offset} is kept in {AofTail.Cut(path, offset)}");
    }

    private Verdict Fail(string reason)
    {
        output.WriteLine(reason);
        return Verdict.Failed;
    }

    private static bool BeginsWithSnapshot(string path)
    {
        using var file = Open(path);
        return AofLoad.BeginsWithSnapshot(file);
    }

    // A manifest is short and its first line that is no comment begins with "file".
    private static bool IsManifest(string path)
    {
        using var file = new StreamReader(Open(path));
        while (file.Peek() == '#') file.ReadLine();
        Span<char> word = stackalloc char[4];
        return file.ReadBlock(word) == word.Length && word.SequenceEqual("file");
    }
}
