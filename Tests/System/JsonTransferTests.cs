using KestrelFree.Tests.Oracle;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>--export-json and --import-json of the real executable.</summary>
internal sealed class JsonTransferTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("no")]
    [TestCase("yes")]
    public void A_data_set_goes_out_and_comes_back(string appendOnly)
    {
        string before;
        using (var server = Start("--appendonly", appendOnly))
        {
            using var client = server.Connect();
            SampleKeys.Fill(client);
            client.Ask("HSET", "expiring", "f", "v", "g", "w");
            client.Ask("HPEXPIREAT", "expiring", "33177117420000", "FIELDS", "1", "f");
            before = Describe(client);
            Assert.That(client.Ask("SAVE"), Is.EqualTo("+OK"));
        }

        if (appendOnly == "yes") File.Delete(_folder.File("dump.rdb"));
        var export = Run("--export-json", _folder.File("out.json"), "--appendonly", appendOnly);
        Assert.That(export.ExitCode, Is.Zero, export.Output);
        Assert.That(export.Output, Does.Contain("keys exported to"));

        var refused = Run("--import-json", _folder.File("out.json"), "--appendonly", appendOnly);
        Assert.That(refused.ExitCode, Is.EqualTo(1));
        Assert.That(refused.Output, Does.Contain("Nothing is imported: there is data in "));

        File.Delete(_folder.File("dump.rdb"));
        if (appendOnly == "yes") Directory.Delete(_folder.File("appendonlydir"), recursive: true);
        var import = Run("--import-json", _folder.File("out.json"), "--appendonly", appendOnly);
        Assert.That(import.ExitCode, Is.Zero, import.Output);

        using var again = Start("--appendonly", appendOnly);
        using var reader = again.Connect();
        Assert.That(Describe(reader), Is.EqualTo(before));
    }

    [TestCase("allkeys-lru", "idleSeconds", "IDLETIME")]
    [TestCase("volatile-lfu", "frequency", "FREQ")]
    public void Where_a_policy_goes_by_the_use_of_keys_it_is_carried_along(string policy, string name, string subcommand)
    {
        const int Given = 250;
        const int Patience = 200;
        string[] arguments = ["--maxmemory-policy", policy, "--lfu-decay-time", "0"];
        File.WriteAllText(_folder.File("in.json"), $$"""{"format":"kestrel-free","version":1}{"key":"k","{{name}}":{{Given}},"string":"v"}""");
        Assert.That(Run("--import-json", _folder.File("in.json"), arguments), Has.Property(nameof(CommandResult.ExitCode)).Zero);

        using (var server = Start(arguments))
        {
            using var client = server.Connect();
            Assert.That(int.Parse(client.Ask("OBJECT", subcommand, "k")[1..]), Is.InRange(Given, Given + Patience));
            client.Ask("SAVE");
        }

        Assert.That(Run("--export-json", _folder.File("out.json"), arguments), Has.Property(nameof(CommandResult.ExitCode)).Zero);
        var line = System.Text.Json.JsonDocument.Parse(File.ReadAllLines(_folder.File("out.json"))[1]).RootElement;
        Assert.That(line.GetProperty(name).GetInt32(), Is.InRange(Given, Given + Patience));
        Assert.That(Run("--export-json", _folder.File("plain.json")), Has.Property(nameof(CommandResult.ExitCode)).Zero);
        Assert.That(File.ReadAllText(_folder.File("plain.json")), Does.Not.Contain(name));
    }

    [Test]
    public void What_cannot_be_carried_is_told_and_nothing_is_written()
    {
        Assert.That(Run("--export-json", _folder.File("out.json")), Has.Property(nameof(CommandResult.ExitCode)).EqualTo(1).And.Property(nameof(CommandResult.Output)).Contain("There is nothing to export"));
        Assert.That(Run("--import-json", _folder.File("in.json")), Has.Property(nameof(CommandResult.ExitCode)).EqualTo(1).And.Property(nameof(CommandResult.Output)).Contain("can't read"));
        File.WriteAllText(_folder.File("in.json"), "{}");
        Assert.That(Run("--import-json", _folder.File("in.json")), Has.Property(nameof(CommandResult.ExitCode)).EqualTo(1).And.Property(nameof(CommandResult.Output)).Contain("wrong at offset"));
        Assert.That(CommandLine.Run(KestrelFreeProcess.Executable, "--export-json"), Has.Property(nameof(CommandResult.ExitCode)).EqualTo(1).And.Property(nameof(CommandResult.Output)).StartsWith("Usage: "));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { _folder.File("in.json") }));
    }

    private static string Describe(RawConnection client)
    {
        client.Ask("SELECT", "0");
        var streams = SampleKeys.All.Where(static key => key.Type == "stream").Select(key => Groups(client, key.Name));
        return $"{client.Ask("DEBUG", "DIGEST")}\n{string.Join('\n', streams)}\n{client.Ask("HPEXPIRETIME", "expiring", "FIELDS", "2", "f", "g")}";
    }

    // In the database that it is in; without the times of consumers, of which a dump file keeps one.
    private static string Groups(RawConnection client, string stream)
    {
        foreach (var database in new[] { "0", "9" })
        {
            client.Ask("SELECT", database);
            if (client.Ask("EXISTS", stream) == ":1") break;
        }

        return client.Ask("XINFO", "GROUPS", stream) + client.Ask("XPENDING", stream, "busy", "-", "+", "100").Split(":")[0];
    }

    private ServerProcess Start(params string[] arguments) => KestrelFreeProcess.Start(["--enable-debug-command", "yes", "--dir", _folder.Path, .. arguments]);

    private CommandResult Run(string option, string file, params string[] arguments) =>
        CommandLine.Run(KestrelFreeProcess.Executable, [option, file, "--dir", _folder.Path, .. arguments]);
}
