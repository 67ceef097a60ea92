using System.Net.Sockets;
using System.Text;
using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

[Platform(Exclude = "Win")]
public sealed class SupervisorTests : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];
    private CapturedLog _log = null!;
    private TempFolder _folder = null!;
    private Socket? _systemd;
    private int _stops;

    [SetUp]
    public void Open()
    {
        _environment.Clear();
        _log = new CapturedLog();
        _folder = new TempFolder();
        _stops = 0;
    }

    [TearDown]
    public void Dispose()
    {
        _systemd?.Dispose();
        _log?.Dispose();
        _folder?.Dispose();
    }

    [Test]
    public void Systemd_is_told_of_the_start_of_readiness_of_status_and_of_the_end()
    {
        ListenAsSystemd(_folder.File("notify"), _folder.File("notify"));

        var supervisor = Detect(SupervisedMode.Systemd);
        supervisor.NotifyStatus("Ready to accept connections\n");
        supervisor.NotifyReady();
        supervisor.NotifyStopping();

        Assert.That(supervisor.IsSupervised, Is.True);
        Assert.That(supervisor.Name, Is.EqualTo("systemd"));
        Assert.That(Receive(4), Is.EqualTo(new[] { "STATUS=Loading...\n", "STATUS=Ready to accept connections\n", "READY=1\n", "STOPPING=1\n" }));
        Assert.That(_log.Lines, Is.EqualTo(new[]
        {
            "* Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.",
        }));
    }

    [Test]
    [Platform("Linux")]
    public void An_abstract_notify_socket_begins_with_an_at_sign()
    {
        var name = $"kf-test-{Guid.NewGuid():N}";
        ListenAsSystemd('\0' + name, '@' + name);

        Detect(SupervisedMode.Systemd).NotifyReady();

        Assert.That(Receive(2), Has.Some.EqualTo("READY=1\n"));
    }

    [Test]
    public void Systemd_without_its_socket_is_logged_and_the_server_is_not_supervised()
    {
        var supervisor = Detect(SupervisedMode.Systemd);
        supervisor.NotifyReady();

        Assert.That(supervisor.IsSupervised, Is.False);
        Assert.That(supervisor.Name, Is.EqualTo("no"));
        Assert.That(_log.Lines, Is.EqualTo(new[] { "# systemd supervision error: NOTIFY_SOCKET not found!" }));
    }

    [Test]
    public void A_notify_socket_on_which_nobody_listens_is_logged()
    {
        _environment["NOTIFY_SOCKET"] = _folder.File("nobody");

        Assert.That(Detect(SupervisedMode.Systemd).IsSupervised, Is.False);

        Assert.That(_log.Lines.Single(), Does.StartWith("# systemd supervision error: sd_notify: "));
    }

    [Test]
    public void Auto_finds_systemd_by_its_socket()
    {
        ListenAsSystemd(_folder.File("notify"), _folder.File("notify"));

        Assert.That(Detect(SupervisedMode.Auto).Name, Is.EqualTo("systemd"));

        Assert.That(_log.Lines[0], Is.EqualTo("- Systemd supervision detected."));
    }

    [Test]
    public void Auto_without_a_supervisor_is_none()
    {
        Assert.That(Detect(SupervisedMode.Auto).IsSupervised, Is.False);
        Assert.That(_log.Lines, Is.Empty);
    }

    [Test]
    public void Under_upstart_the_process_stops_itself_once()
    {
        _environment["UPSTART_JOB"] = "redis";

        var supervisor = Detect(SupervisedMode.Auto);

        Assert.That(supervisor.Name, Is.EqualTo("upstart"));
        Assert.That(_stops, Is.EqualTo(1));
        Assert.That(_log.Lines, Is.EqualTo(new[]
        {
            "- Upstart supervision detected.",
            "* supervised by upstart, will stop to signal readiness.",
        }));
    }

    [Test]
    public void Upstart_that_is_not_there_is_logged()
    {
        Assert.That(Detect(SupervisedMode.Upstart).IsSupervised, Is.False);
        Assert.That(_log.Lines, Is.EqualTo(new[] { "# upstart supervision requested, but UPSTART_JOB not found!" }));
    }

    private Supervisor Detect(SupervisedMode mode) => Supervisor.Detect(mode, _log.Log, _environment.GetValueOrDefault, () => _stops++);

    private void ListenAsSystemd(string path, string variable)
    {
        _systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        _systemd.Bind(new UnixDomainSocketEndPoint(path));
        _environment["NOTIFY_SOCKET"] = variable;
    }

    private string[] Receive(int count)
    {
        var buffer = new byte[256];
        return [.. Enumerable.Range(0, count).Select(_ => Encoding.UTF8.GetString(buffer, 0, _systemd!.Receive(buffer)))];
    }
}
