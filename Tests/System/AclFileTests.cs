using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Where users come from and where they go: the aclfile, user lines of the configuration, CONFIG REWRITE.</summary>
internal sealed class AclFileTests
{
    private static readonly string[] Users =
    [
        "user alice on #2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90 ~a:* resetchannels &news +@all -@dangerous +config|get",
        "user bob on nopass %R~r:* %W~w:* resetchannels -@all +get +set (~x:* resetchannels -@all +del)",
        "user default on nopass ~* &* +@all",
    ];

    [Test]
    public void A_saved_file_is_loaded_here_and_by_the_oracle()
    {
        using var folder = new TempFolder();
        var path = folder.File("users.acl");
        File.WriteAllText(path, string.Join('\n', Users) + "\n\n");
        string[] listed;
        using (var server = KestrelFreeProcess.Start("--aclfile", path))
        {
            using var client = server.Connect();
            listed = List(client);
            Assert.That(client.Ask("ACL", "SAVE"), Is.EqualTo("+OK"));
        }

        Assert.That(File.ReadAllLines(path), Is.EqualTo(listed));
        using (var again = KestrelFreeProcess.Start("--aclfile", path))
        {
            using var client = again.Connect();
            Assert.That(List(client), Is.EqualTo(listed));
            Assert.That(client.Ask("AUTH", "alice", "alice"), Is.EqualTo("+OK"));
        }

        using var oracle = RedisProcess.Start("--aclfile", path);
        using var theirs = oracle.Connect();
        Assert.That(theirs.Ask("ACL", "DRYRUN", "alice", "GET", "a:1"), Is.EqualTo("+OK"));
        Assert.That(theirs.Ask("ACL", "SAVE"), Is.EqualTo("+OK"));
        using var ours = KestrelFreeProcess.Start("--aclfile", path);
        using var last = ours.Connect();
        Assert.That(last.Ask("ACL", "DRYRUN", "alice", "KEYS", "*"), Does.Contain("no permissions to run the 'keys' command"));
        Assert.That(last.Ask("ACL", "DRYRUN", "bob", "DEL", "x:1"), Is.EqualTo("+OK"));
    }

    [Test]
    public void Loading_disconnects_whose_user_is_gone_and_no_others()
    {
        using var folder = new TempFolder();
        var path = folder.File("users.acl");
        File.WriteAllLines(path, Users);
        using var server = KestrelFreeProcess.Start("--aclfile", path);
        using var admin = server.Connect();
        using var alice = server.Connect();
        using var bob = server.Connect();
        Assert.That(alice.Ask("AUTH", "alice", "alice"), Is.EqualTo("+OK"));
        Assert.That(bob.Ask("AUTH", "bob", "x"), Is.EqualTo("+OK"));
        File.WriteAllLines(path, [Users[0].Replace("~a:*", "~b:*", StringComparison.Ordinal), "user carol on nopass +@all"]);

        Assert.That(admin.Ask("ACL", "LOAD"), Is.EqualTo("+OK"));

        Assert.That(bob.IsClosedByServer(Eventually.Patience), Is.True);
        Assert.That(alice.Ask("GET", "a:1"), Is.EqualTo("-NOPERM No permissions to access a key"));
        Assert.That(alice.Ask("GET", "b:1"), Is.EqualTo("$nil"));
        Assert.That(admin.Ask("ACL", "USERS"), Is.EqualTo("*3\n  $\"alice\"\n  $\"carol\"\n  $\"default\""));
    }

    [Test]
    public void A_file_with_faults_changes_nothing_and_every_line_is_told()
    {
        using var folder = new TempFolder();
        var path = folder.File("users.acl");
        File.WriteAllLines(path, Users);
        using var server = KestrelFreeProcess.Start("--aclfile", path);
        using var admin = server.Connect();
        var before = List(admin);
        File.WriteAllLines(path, ["user alice on +nosuch >secret nonsense", "# remark", "user bob on (+get", "user bob on", "user carol on"]);

        var reply = admin.Ask("ACL", "LOAD");

        Assert.That(reply, Is.EqualTo(
            $"-ERR {path}:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. {path}:1: Syntax error. " +
            $"{path}:2 should start with user keyword followed by the username. {path}:3: Unmatched parenthesis in selector definition." +
            "WARNING: Duplicate user 'bob' found on line 4. WARNING: ACL errors detected, no change to the previously active ACL rules was performed"));
        Assert.That(List(admin), Is.EqualTo(before));
        File.Delete(path);
        Assert.That(admin.Ask("ACL", "LOAD"), Is.EqualTo($"-ERR Error loading ACLs, opening file '{path}': No such file or directory"));
    }

    [Test]
    public void A_file_that_cannot_be_written_is_an_error_and_the_log_says_why()
    {
        using var folder = new TempFolder();
        var path = folder.File("users.acl");
        File.WriteAllLines(path, Users);
        using var server = KestrelFreeProcess.Start("--aclfile", path);
        using var admin = server.Connect();
        Directory.Delete(folder.Path, recursive: true);

        Assert.That(admin.Ask("ACL", "SAVE"), Is.EqualTo("-ERR There was an error trying to save the ACLs. Please check the server logs for more information"));
        server.WaitForLog("Writing ACL file for ACL SAVE: ");
        Directory.CreateDirectory(folder.Path);
    }

    [Test]
    public void A_server_does_not_start_with_a_faulty_file()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("users.acl"), "user alice on +nosuch\n");
        using var server = Launch("--aclfile", folder.File("users.acl"));

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("Aborting Redis startup because of ACL errors: "));
    }

    [Test]
    public void Users_of_the_configuration_are_there_and_a_rewrite_writes_them()
    {
        using var folder = new TempFolder();
        var path = folder.File("redis.conf");
        File.WriteAllText(path, "# mine\nuser default on >boss ~* &* +@all\nuser alice on nopass ~a:* ( +get\tallkeys )\nuser old off\n");
        using (var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [path, "--port", "0", "--unixsocket", folder.File("s"), "--save", ""] }))
        {
            server.WaitForLog("eady to accept connections");
            Assert.That(server.Log, Does.Contain("The user 'old' is disabled"));
            using var client = new RawConnection(new System.Net.Sockets.UnixDomainSocketEndPoint(folder.File("s")));
            Assert.That(client.Ask("PING"), Is.EqualTo("-NOAUTH Authentication required."));
            Assert.That(client.Ask("AUTH", "boss"), Is.EqualTo("+OK"));
            Assert.That(client.Ask("ACL", "DELUSER", "old"), Is.EqualTo(":1"));
            Assert.That(client.Ask("ACL", "SETUSER", "new", "+@read"), Is.EqualTo("+OK"));
            Assert.That(client.Ask("CONFIG", "REWRITE"), Is.EqualTo("+OK"));
            Assert.That(File.ReadAllLines(path).Where(line => line.StartsWith("user ", StringComparison.Ordinal)), Is.EqualTo(List(client)).AsCollection);
        }

        Assert.That(File.ReadAllLines(path)[..2], Is.EqualTo(new[] { "# mine", "user alice on nopass sanitize-payload ~a:* resetchannels -@all (~* resetchannels -@all +get)" }));
    }

    [TestCase("user alice on +nosuch", "Error in user declaration '+nosuch': Unknown command or category name in ACL")]
    [TestCase("user alice on nonsense", "Error in user declaration 'nonsense': Syntax error")]
    [TestCase("user alice on (+get", "Error in user declaration '(+get': Unmatched parenthesis")]
    [TestCase("user alice on\nuser alice off", "Duplicate user found. A user can only be defined once in config files")]
    public void A_faulty_user_line_stops_the_start(string lines, string fault)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("redis.conf"), lines + "\n");
        using var server = Launch(folder.File("redis.conf"));

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("*** FATAL CONFIG FILE ERROR").And.Contain(fault));
    }

    [Test]
    public void Users_come_from_one_place()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("users.acl"), "user alice on\n");
        File.WriteAllText(folder.File("redis.conf"), $"user bob on\naclfile {folder.File("users.acl")}\n");
        using var server = Launch(folder.File("redis.conf"));

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("please define either an ACL file or declare users directly in your redis.conf, but not both"));
    }

    private static ServerProcess Launch(params string[] arguments) =>
        ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [.. arguments, "--port", $"{FreePort.Next()}", "--save", ""] });

    private static string[] List(RawConnection client) =>
        [.. client.Ask("ACL", "LIST").Split('\n').Skip(1).Select(line => line.Trim().TrimStart('$').Trim('"'))];
}
