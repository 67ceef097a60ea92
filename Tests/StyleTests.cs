using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests;

// The rules of style that a program can check. Each failure names the file and the rule; a rule that is wrong for a file
// is changed here, for all files, with the reason.

/// <summary>Keeps the source's shape.</summary>
internal sealed partial class StyleTests
{
    private const int MaximumLines = 900;
    private const int MaximumLineLength = 200;
    private const int MaximumJoinedLength = 120;

    private static readonly string[] Projects = ["Protocol", "Storage", "Server", "Benchmarks", "Tests"];

    private static readonly string[] VagueNames = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Base", "Impl", "Core", "Info"];

    // Generated code needs a partial class to be put into.
    private static readonly string[] Generators = ["[GeneratedRegex", "[LibraryImport", "JsonSerializerContext"];

    // Folders whose namespaces would hide a type of the same name in all that is above them.
    private static readonly Dictionary<string, string> NamespaceWords = new()
    {
        ["EventLoop"] = "Loop", ["Keyspace"] = "Keyspaces", ["Process"] = "Hosting", ["Rehearsal"] = "Rehearsals", ["System"] = "Executable",
    };

    private static readonly SourceFile[] Files = [.. Projects.SelectMany(SourceFile.AllOf)];

    [Test]
    public void No_file_is_longer_than_900_lines() =>
        Check(file => file.Lines.Length > MaximumLines ? $"{file.Lines.Length} lines: split it by concept" : null);

    [Test]
    public void No_line_runs_off_the_screen() =>
        Check(file => LineWhere(file, line => line.Length > MaximumLineLength && !line.Contains('"', StringComparison.Ordinal)));

    [Test]
    public void No_file_uses_regions() => Check(file => LineWhere(file, line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal)));

    [Test]
    public void Only_generated_code_has_partial_types() =>
        Check(file => Generators.Any(generator => file.Text.Contains(generator, StringComparison.Ordinal)) ? null : LineWhere(file, PartialType().IsMatch));

    [Test]
    public void Namespaces_are_file_scoped() => Check(file => LineWhere(file, line => line.StartsWith("namespace ", StringComparison.Ordinal) && !line.EndsWith(';')));

    [Test]
    public void A_namespace_is_that_of_its_folder_or_of_one_above() => Check(file =>
    {
        var name = NamespaceName().Match(file.Text).Groups["name"].Value;
        var folder = string.Join('.', file.Folder.Split('/').Select(word => NamespaceWords.GetValueOrDefault(word, word)));
        return name.Length == 0 || $"KestrelFree.{folder}.".StartsWith(name + '.', StringComparison.Ordinal) ? null : name;
    });

    [Test]
    public void A_file_is_named_after_a_type_that_it_declares() =>
        Check(file => file.Name is "Program" || TypeNames(file).Any(name => name == file.Name || name.StartsWith(file.Name + "<", StringComparison.Ordinal)) ? null : "declares no type of its name");

    [Test]
    public void No_type_has_a_vague_name() =>
        Check(file => TypeNames(file).FirstOrDefault(name => VagueNames.Any(vague => name.EndsWith(vague, StringComparison.Ordinal) && !IsCommandWord(name))));

    [Test]
    public void Production_statics_do_not_change() =>
        Check(file => file.Project is "Tests" or "Benchmarks" ? null : LineWhere(file, MutableStatic().IsMatch));

    [Test]
    public void Types_of_the_product_say_what_they_are() => Check(file =>
    {
        // A test's or a benchmark's name says it already.
        if (file.Project is "Tests" or "Benchmarks") return null;

        for (var at = 0; at < file.Lines.Length; at++)
        {
            if (file.Name != "Program" && VisibleType().IsMatch(file.Lines[at]) && !IsDocumented(file.Lines, at))
                return $"line {at + 1}: no XML summary: {file.Lines[at].Trim()}";
        }

        return null;
    });

    [Test]
    public void A_single_statement_stands_on_the_line_of_its_condition_if_it_fits() =>
        Check(file => Enumerable.Range(0, file.Lines.Length).Where(at => IsSplitInVain(file.Lines, at)).Select(at => $"line {at + 1}: {file.Lines[at].Trim()}").FirstOrDefault());

    [Test]
    public void Tests_do_not_sleep() => Check(file =>
        file.Project == "Tests" && file.Folder != "Tests/Support" && file.Name != nameof(StyleTests) ? LineWhere(file, line => line.Contains("Thread.Sleep(", StringComparison.Ordinal)) : null);

    [Test]
    public void Storage_and_protocol_know_no_sockets() => Check(file =>
        file.Project is "Protocol" or "Storage" ? LineWhere(file, line => line.StartsWith("using System.Net", StringComparison.Ordinal)) : null);

    [Test]
    public void Every_folder_of_the_root_is_known()
    {
        string[] known = [.. Projects, ".ci", ".git", ".vs", ".vscode", ".idea", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts"];
        var folders = Directory.GetDirectories(Repository.Root).Select(Path.GetFileName);

        Assert.That(folders.Except(known), Is.Empty);
    }

    private static void Check(Func<SourceFile, string?> fault)
    {
        var faults = Files.Select(file => (file, text: fault(file))).Where(found => found.text is not null).Select(found => $"{found.file.Folder}/{found.file.Name}.cs: {found.text}").ToArray();

        Assert.That(faults, Is.Empty, () => string.Join('\n', faults));
    }

    private static string? LineWhere(SourceFile file, Func<string, bool> isFault)
    {
        var at = Array.FindIndex(file.Lines, line => isFault(line));
        return at < 0 ? null : $"line {at + 1}: {file.Lines[at].Trim()}";
    }

    private static IEnumerable<string> TypeNames(SourceFile file) => TypeDeclaration().Matches(file.Text).Select(match => match.Groups["name"].Value);

    // The branches of an if with an else look alike: one that does not fit keeps the others from being joined.
    private static bool IsSplitInVain(string[] lines, int at)
    {
        if (!LoneIf().IsMatch(lines[at])) return false;
        var isBraced = at + 3 < lines.Length && lines[at + 1].Trim() == "{" && lines[at + 3].Trim() == "}";
        var last = at + (isBraced ? 3 : 1);
        if (last + 1 >= lines.Length || ElseBranch().IsMatch(lines[last + 1])) return false;
        var statement = lines[isBraced ? at + 2 : at + 1].Trim();
        return SingleStatement().IsMatch(statement) && lines[at].Length + 1 + statement.Length <= MaximumJoinedLength;
    }

    /// <summary>INFO and BASE are words of the field where a command or a file of that name is meant.</summary>
    private static bool IsCommandWord(string name) => name.EndsWith("Info", StringComparison.Ordinal) && name.Contains("Command", StringComparison.Ordinal);

    private static bool IsDocumented(string[] lines, int at)
    {
        do
            at--;
        while (at >= 0 && lines[at].TrimStart().StartsWith('['));

        return at >= 0 && lines[at].TrimStart().StartsWith("///", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\s*(?:(?:public|internal|private|protected|static|sealed|abstract|readonly|ref|unsafe|file)\s+)*partial\s")]
    private static partial Regex PartialType();

    [GeneratedRegex(@"^(?:public|internal)\s+(?:(?:static|sealed|abstract|readonly|ref|unsafe|partial)\s+)*(?:class|struct|record|interface|enum|delegate)\s")]
    private static partial Regex VisibleType();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceName();

    [GeneratedRegex(@"^[ \t]*(?:(?:public|internal|private|protected|static|sealed|abstract|readonly|ref|unsafe|partial|file)\s+)*(?:class|struct|record(?: struct| class)?|interface|enum|delegate[^(\n]*?)\s+(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^\s+(?:public|internal|private|protected)\s+static\s+(?!readonly|partial|extern|class|unsafe|implicit|explicit|async|ref|delegate|event)[\w<>\[\]?,. ]+\s+_?\w+\s*(?:=[^>]|;)")]
    private static partial Regex MutableStatic();

    [GeneratedRegex(@"^\s*if \(.*\)$")]
    private static partial Regex LoneIf();

    [GeneratedRegex(@"^\s*else\b")]
    private static partial Regex ElseBranch();

    [GeneratedRegex(@"^(?!(?:if|for|foreach|while|using|lock|switch|do|fixed)\b).*;$")]
    private static partial Regex SingleStatement();

    /// <summary>One source file of a project; what tools generate is left out.</summary>
    private sealed record SourceFile(string Project, string Folder, string Name, string Text, string[] Lines)
    {
        public static IEnumerable<SourceFile> AllOf(string project) =>
            Directory.EnumerateFiles(Repository.PathTo(project), "*.cs", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
                .Where(path => !path.StartsWith($"{project}/bin/", StringComparison.Ordinal) && !path.StartsWith($"{project}/obj/", StringComparison.Ordinal))
                .Select(path => new SourceFile(project, Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), Read(path), File.ReadAllLines(Repository.PathTo(path))));

        private static string Read(string path) => File.ReadAllText(Repository.PathTo(path));
    }
}
