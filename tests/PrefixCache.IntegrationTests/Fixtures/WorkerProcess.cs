using System.Globalization;
using System.Text.Json;
using PrefixCache.Client;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>A process of an engine.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private WorkerProcess(ChildProcess process) => _process = process;

    /// <param name="rank">Null = the scheduler.</param>
    /// <param name="plane">How it moves payload.</param>
    /// <param name="lenient">What goes wrong is a miss, as in production.</param>
    /// <param name="device">It computes on a device of host memory.</param>
    public static async Task<WorkerProcess> StartAsync(
        string address, string instance, int? rank = null, TransferPlane plane = TransferPlane.Stream,
        bool lenient = false, bool device = false)
    {
        string[] who = rank is { } number ? [address, instance, number.ToString(CultureInfo.InvariantCulture)] : [address, instance];
        string[] local = plane == TransferPlane.SharedMemory ? ["shared-memory"] : [];
        string[] more = [.. lenient ? ["lenient"] : Array.Empty<string>(), .. device ? ["device"] : Array.Empty<string>()];
        string[] arguments = [.. who, .. local, .. more];
        var process = ChildProcess.Start("PrefixCache.TestWorker.dll", arguments);
        var line = await process.ReadLineAsync();
        if (line == "ready") return new WorkerProcess(process);
        await process.DisposeAsync();
        throw new InvalidOperationException($"The worker did not start: {line} {process.Errors}");
    }

    /// <summary>Carries a command out; its answer may hold an error.</summary>
    public async Task<WorkerReply> TryAsync(WorkerCommand command)
    {
        await SendAsync(command);
        return await ReadReplyAsync() ?? throw new InvalidOperationException($"The worker ended: {_process.Errors}");
    }

    /// <summary>Carries a command out, which must succeed.</summary>
    public async Task<WorkerReply> DoAsync(WorkerCommand command)
    {
        var reply = await TryAsync(command);
        Assert.Equal("", reply.Error);
        return reply;
    }

    public async Task SendAsync(WorkerCommand command)
    {
        await _process.Input.WriteLineAsync(JsonSerializer.Serialize(command));
        await _process.Input.FlushAsync();
    }

    /// <summary>Null when the process has ended.</summary>
    public async Task<WorkerReply?> ReadReplyAsync()
    {
        var line = await _process.ReadLineAsync();
        return line is null ? null : JsonSerializer.Deserialize<WorkerReply>(line);
    }

    public void Kill() => _process.Kill();

    /// <summary>SIGSTOP: it lives, and does nothing.</summary>
    public void Stop() => _process.Signal(19);

    /// <summary>SIGCONT: it goes on where it stood.</summary>
    public void Continue() => _process.Signal(18);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
