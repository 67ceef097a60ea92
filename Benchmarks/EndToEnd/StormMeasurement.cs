using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- storm [--what plain,tls,loris] [--idle 10000] [--rounds 3] [--executable PATH] [--only NAME]
//
// So many connections that come at once, beside redis-server: whether all of them are served, how long that takes, what processor time it costs
// the server, and how long a client waits meanwhile that has been there before and asks GET 200 times a second. Each round starts the servers
// anew and storms each twice: the first time is not counted, since it meets code that has never run.
//
// The third kind is slow clients: each has sent a part of a request and goes on with a byte a second. Here the seconds are 5, and the
// memory is what the server has grown by with all of them connected.

/// <summary>Measures connections that come at once, plain and encrypted, and slow clients.</summary>
internal sealed class StormMeasurement : IDisposable
{
    private const int ProbedKeys = 1000;
    private const double ProbePeriodMs = 5;

    private static readonly TimeSpan SlowTime = TimeSpan.FromSeconds(5);

    private readonly CommandOptions _options;
    private readonly string _folder = Directory.CreateTempSubdirectory("kestrel-storm-").FullName;

    private StormMeasurement(CommandOptions options) => _options = options;

    /// <summary>Runs with the arguments after "storm".</summary>
    public static int Run(string[] args)
    {
        using var measurement = new StormMeasurement(new CommandOptions(args));
        measurement.Run();
        return 0;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Run()
    {
        WriteCertificate();
        var connections = _options.Idle == 0 ? 10_000 : _options.Idle;
        Console.WriteLine("| storm | server | served | seconds | CPU s | probes | p50 ms | p99 | max | MiB |\n|---|---|---|---|---|---|---|---|---|---|");
        foreach (var kind in _options.What("plain,tls,loris"))
        {
            for (var round = 0; round < _options.Rounds; round++)
            {
                foreach (var (name, executable) in Servers(round)) Measure(kind, name, executable, connections);
            }
        }
    }

    private IEnumerable<(string Name, string Executable)> Servers(int round)
    {
        var ours = _options.Executable ?? Peers.SolutionFile("Server", "bin", "Release", "net10.0", "kestrel-free");
        (string Name, string Executable)[] servers = [("redis-server", "redis-server"), ("kestrel-free", ours)];
        var chosen = servers.Where(server => _options.Only is null || server.Name == _options.Only);
        return round % 2 == 0 ? chosen : chosen.Reverse();
    }

    private void Measure(string kind, string name, string executable, int connections)
    {
        var encryption = kind == "tls" ? $"--tls-port {PeerServer.FreePort()} --tls-auth-clients no --tls-cert-file {_folder}/cert.pem --tls-key-file {_folder}/key.pem" : "";
        using var server = PeerServer.Start(name, $"{executable} --port {{port}} --bind 127.0.0.1 --save '' --maxclients 15000 --loglevel warning --dir {_folder} {encryption}");
        var port = encryption.Length == 0 ? server.Port : int.Parse(encryption.Split(' ')[1], CultureInfo.InvariantCulture);
        using (var loader = new ProbeConnection(server.Port)) loader.Load(ProbedKeys, 100);
        Storm(server, port, kind, connections);
        Thread.Sleep(1000);
        Console.WriteLine(Storm(server, port, kind, connections));
    }

    private static string Storm(PeerServer server, int port, string kind, int connections)
    {
        var (spent, resident) = (server.ProcessorTime, server.ResidentBytes);
        var isSlow = kind == "loris";
        using var clients = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["storm-clients", $"{port}", $"{connections}", kind])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (isSlow)
        {
            clients.StandardOutput.ReadLine();
            spent = server.ProcessorTime;
        }

        using var prober = new Prober(server.Port, ProbedKeys, ProbePeriodMs);
        if (isSlow) Thread.Sleep(SlowTime);
        var served = isSlow ? $"{connections} | {SlowTime.TotalSeconds:F0}" : clients.StandardOutput.ReadLine()!.Replace(" ", " | ", StringComparison.Ordinal);
        var waits = prober.Stop();
        var cpu = (server.ProcessorTime - spent).TotalSeconds;
        var grown = (server.ResidentBytes - resident) / 1048576.0;
        clients.StandardInput.Close();
        clients.WaitForExit();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {kind} | {server.Name} | {served} | {cpu:F2} | {waits.Count} | {At(waits, 0.5):F2} | {At(waits, 0.99):F2} | {At(waits, 1):F2} | {grown:F1} |");
    }

    private static double At(List<double> sorted, double share) => sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))];

    private void WriteCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
