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
    public static async Task<WorkerProcess> StartAsync(
        string address, string instance, int? rank = null, TransferPlane plane = TransferPlane.Stream)
    {
        string[] who = rank is { } number ? [address, instance, number.ToString(CultureInfo.InvariantCulture)] : [address, instance];
        string[] arguments = plane == TransferPlane.SharedMemory ? [.. who, "shared-memory"] : who;
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

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
