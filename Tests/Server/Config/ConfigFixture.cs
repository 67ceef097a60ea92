using KestrelFree.Server.Config;

namespace KestrelFree.Tests.Server.Config;

/// <summary>Starts configurations from arguments without a process, and keeps what was printed.</summary>
internal sealed class ConfigFixture : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly string _startDirectory = System.IO.Directory.GetCurrentDirectory();

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("kestrel-free-config-").FullName;

    public string Printed => _out.ToString();

    public string Reported => _error.ToString();

    public Startup Read(string stdin, params string[] arguments)
    {
        var input = new MemoryStream(ByteText.ToBytes(stdin));
        return Startup.Read(arguments, new StartupStreams(input, _out, _error));
    }

    public ServerConfig Start(params string[] arguments) => StartWithStdin("", arguments);

    public ServerConfig StartWithStdin(string stdin, params string[] arguments)
    {
        var startup = Read(stdin, arguments);
        return startup.Config ?? throw new InvalidOperationException($"did not start: {Reported}{Printed}");
    }

    public string File(string name, string content)
    {
        var path = Path.Combine(Directory, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public void Dispose()
    {
        System.IO.Directory.SetCurrentDirectory(_startDirectory);
        System.IO.Directory.Delete(Directory, recursive: true);
        _out.Dispose();
        _error.Dispose();
    }
}
