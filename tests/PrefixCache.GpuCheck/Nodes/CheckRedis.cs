using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Nodes;

/// <summary>A Redis server of a check's own: on a free port of 127.0.0.1, with nothing on disk.</summary>
internal sealed class CheckRedis : IAsyncDisposable
{
    private const int Attempts = 5;
    private const string Loader = "ld-linux-x86-64.so.2";

    private readonly CheckProcess _process;

    private CheckRedis(CheckProcess process, string address) => (_process, Address) = (process, address);

    /// <summary>`host:port`.</summary>
    public string Address { get; }

    /// <summary>The program, with its loader where it is that of the archive; else the machine's own; null = there is none.</summary>
    public static string[]? FindProgram()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "redis");
        var (loader, own) = (Path.Combine(folder, Loader), Path.Combine(folder, "redis-server"));
        if (File.Exists(own)) return [loader, "--library-path", folder, own];
        var paths = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin").Split(':');
        return paths.Select(path => Path.Combine(path, "redis-server")).FirstOrDefault(File.Exists) is { } found ? [found] : null;
    }

    public static async Task<CheckRedis> StartAsync(string[] program)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort().ToString(CultureInfo.InvariantCulture);
            string[] options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()];
            var process = CheckProcess.Start("redis", [.. program, .. options]);
            if (await process.ReadAsync(TimeSpan.FromSeconds(20)) == "ready") return new CheckRedis(process, $"127.0.0.1:{port}");
            await process.DisposeAsync();
            if (attempt == Attempts) throw new CheckException($"redis-server does not start: {process.LastError()}");
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
