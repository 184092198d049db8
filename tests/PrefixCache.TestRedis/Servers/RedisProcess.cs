using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace PrefixCache.TestRedis.Servers;

/// <summary>A redis-server process that ends with the process that started it, however that ends.</summary>
/// <remarks>
/// A shell stands between: it starts the server, tells its id and waits for the end of its own standard input, which comes when this process
/// closes it or is dead; then it kills the server. It does not collect the server before that, so the id cannot become another process's.
/// (A signal at the parent's death, `PR_SET_PDEATHSIG`, would come when the thread ends that started the process.)
/// </remarks>
internal sealed partial class RedisProcess : IDisposable
{
    private const int Sigkill = 9;
    private const int Sigcont = 18;
    private const int Sigstop = 19;
    private const string Program = "/usr/bin/redis-server";
    private const string Guard = """
        "$@" </dev/null >/dev/null & server=$!
        echo $server
        read -r _
        kill -9 $server 2>/dev/null
        wait $server 2>/dev/null
        """;

    private readonly Process _guard;
    private bool _ended;

    private RedisProcess(Process guard, int id) => (_guard, Id) = (guard, id);

    public int Id { get; }

    /// <summary>Whether the process has ended by itself or was killed.</summary>
    public bool HasExited
    {
        get
        {
            if (_ended) return true;
            try
            {
                // `pid (name) state …`: Z is a process that has ended and was not collected.
                var stat = File.ReadAllText($"/proc/{Id}/stat");
                return stat[stat.LastIndexOf(')') + 2] == 'Z';
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    public static async Task<RedisProcess> StartAsync(string configurationFile)
    {
        if (!File.Exists(Program)) throw new FileNotFoundException($"{Program} is missing: install the Debian package redis-server.");
        var guard = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", Guard, "guard", Program, configurationFile])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        var line = await guard.StandardOutput.ReadLineAsync();
        return new RedisProcess(guard, int.Parse(line!, CultureInfo.InvariantCulture));
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public void Kill()
    {
        if (_ended) return;
        _ended = true;
        _ = Signal(Id, Sigkill);
        _guard.StandardInput.Close();
        _guard.WaitForExit();
    }

    /// <summary>SIGSTOP: it lives, its connections stay, and nothing is answered.</summary>
    public void Pause() => Send(Sigstop);

    /// <summary>SIGCONT: it goes on where it stood.</summary>
    public void Resume() => Send(Sigcont);

    public void Dispose()
    {
        Kill();
        _guard.Dispose();
    }

    private void Send(int signal)
    {
        if (_ended || Signal(Id, signal) != 0)
            throw new InvalidOperationException($"The Redis server with the process id {Id} has ended and cannot get the signal {signal}.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
