using System.Globalization;
using System.Net.Sockets;
using PrefixCache.TestRedis.Commands;
using PrefixCache.TestRedis.Network;

namespace PrefixCache.TestRedis.Servers;

/// <summary>A Redis server of a test's own: a process on a free port of 127.0.0.1, in a folder that goes with it.</summary>
/// <remarks>It keeps nothing on disk: after a restart it is empty. The machine's own Redis and its configuration are never touched.</remarks>
public sealed class RedisServer : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly DirectoryInfo _folder;
    private readonly RedisServerOptions _options;
    private RedisProcess _process;
    private volatile bool _paused;

    private RedisServer(DirectoryInfo folder, RedisServerOptions options, int port, RedisProcess process) =>
        (_folder, _options, Port, _process) = (folder, options, port, process);

    /// <summary>Stays the same over restarts.</summary>
    public int Port { get; }

    /// <summary>`host:port`.</summary>
    public string Address => Format(Port);

    public int ProcessId => _process.Id;

    /// <summary>Neither killed nor paused.</summary>
    public bool IsRunning => !_paused && !_process.HasExited;

    /// <summary>What the server has logged.</summary>
    public string Log => ReadLog(_folder);

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="options">Null = open to everybody and without a limit of memory.</param>
    public static async Task<RedisServer> StartAsync(RedisServerOptions? options = null)
    {
        options ??= new RedisServerOptions();
        for (var attempt = 1; ; attempt++)
        {
            var folder = Directory.CreateTempSubdirectory("pfx-redis-");
            var port = FreePort.Take();
            var started = await TryStartAsync(folder, options, port);
            if (started is not null) return new RedisServer(folder, options, port, started);
            var log = ReadLog(folder);
            folder.Delete(recursive: true);
            if (attempt == Attempts) throw new InvalidOperationException($"redis-server did not start on port {port}:\n{log}");
        }
    }

    /// <summary>SIGKILL; returns when the process is gone and its port is closed.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Starts a killed server anew, on the same port.</summary>
    public async Task RestartAsync()
    {
        _process.Dispose();
        _paused = false;
        _process = await TryStartAsync(_folder, _options, Port)
            ?? throw new InvalidOperationException($"redis-server did not start again on port {Port}:\n{Log}");
    }

    /// <summary>SIGSTOP: connections stay and new ones are accepted by the kernel, but nothing is answered.</summary>
    public void Pause()
    {
        _process.Pause();
        _paused = true;
    }

    /// <summary>SIGCONT.</summary>
    public void Resume()
    {
        _process.Resume();
        _paused = false;
    }

    /// <summary>Carries one command out over a connection of its own.</summary>
    /// <param name="words">The command and its arguments, a byte a character (Latin-1).</param>
    /// <exception cref="RedisErrorException">Redis answered with an error.</exception>
    public async Task<RedisReply> CommandAsync(params string[] words)
    {
        await using var client = await ConnectAsync();
        return await client.CommandAsync(words);
    }

    /// <summary>A connection for several commands, and for values of any bytes.</summary>
    public Task<RedisClient> ConnectAsync() => RedisClient.ConnectAsync(Port, _options);

    /// <summary>A field of INFO; empty where Redis does not tell it.</summary>
    public async Task<string> InfoAsync(string field) => (await CommandAsync("INFO", "everything")).Text
        .Split("\r\n").FirstOrDefault(line => line.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..] ?? "";

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    internal static string Format(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    /// <summary>Null when the process ended, as it does when somebody else took the port.</summary>
    private static async Task<RedisProcess?> TryStartAsync(DirectoryInfo folder, RedisServerOptions options, int port)
    {
        var file = Path.Combine(folder.FullName, "redis.conf");
        await File.WriteAllLinesAsync(file, RedisConfiguration.Lines(folder.FullName, options, port));
        var process = await RedisProcess.StartAsync(file);
        try
        {
            await Wait.UntilAsync(
                async () => process.HasExited || await AnswersAsync(options, port),
                () => $"redis-server did not answer on port {port}:\n{ReadLog(folder)}");
        }
        catch
        {
            process.Dispose();
            throw;
        }

        if (!process.HasExited) return process;
        process.Dispose();
        return null;
    }

    private static async Task<bool> AnswersAsync(RedisServerOptions options, int port)
    {
        try
        {
            await using var client = await RedisClient.ConnectAsync(port, options);
            return (await client.CommandAsync("PING")).Text == "PONG";
        }
        catch (Exception exception) when (exception is SocketException or IOException or RedisErrorException { Code: "LOADING" })
        {
            return false;
        }
    }

    private static string ReadLog(DirectoryInfo folder)
    {
        var file = Path.Combine(folder.FullName, RedisConfiguration.LogFile);
        return File.Exists(file) ? File.ReadAllText(file) : "";
    }
}
