using System.Text;

namespace KestrelFree.Tests.Support;

/// <summary>Runs a program to its end.</summary>
internal static class CommandLine
{
    /// <summary>Runs a program with arguments and nothing on standard input.</summary>
    public static CommandResult Run(string program, params string[] arguments) => RunWithInput(program, "", arguments);

    /// <summary>Runs a program with text on standard input; fails a run that lasts over two minutes.</summary>
    /// <exception cref="TimeoutException">The program did not end; says what it printed.</exception>
    public static CommandResult RunWithInput(string program, string input, params string[] arguments)
    {
        using var folder = new TempFolder();
        using var process = ProcessLauncher.Start(program, arguments, folder.Path);
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(output, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Feed(process.StandardInput, input);
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within two minutes; it printed:\n{output}");
        }

        process.WaitForExit();
        return new CommandResult(process.ExitCode, output.ToString());
    }

    // A program need not read what it is given.
    private static void Feed(StreamWriter standardInput, string input)
    {
        try
        {
            standardInput.BaseStream.Write(ByteText.Bytes(input));
            standardInput.Close();
        }
        catch (IOException)
        {
            standardInput.BaseStream.Dispose();
        }
    }

    private static void Append(StringBuilder output, string? line)
    {
        if (line is null) return;

        lock (output)
            output.Append(line).Append('\n');
    }
}

/// <summary>How a program ended, and all that it printed to both streams.</summary>
internal sealed record CommandResult(int ExitCode, string Output);
