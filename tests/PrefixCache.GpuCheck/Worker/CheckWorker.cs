using System.Text.Json;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Worker;

/// <summary>A worker process, as its parent sees it.</summary>
internal sealed class CheckWorker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly CheckProcess _process;

    private CheckWorker(CheckProcess process) => _process = process;

    public static async Task<CheckWorker> StartAsync(string address, Guid device, bool isStrict = true)
    {
        var process = CheckProcess.Start("worker", address, device.ToString(), isStrict ? "strict" : "lenient");
        if (await process.ReadAsync(Patience) == "ready") return new CheckWorker(process);
        await process.DisposeAsync();
        throw new CheckException($"The worker did not start: {process.LastError()}");
    }

    /// <exception cref="CheckException">It went wrong.</exception>
    public async Task<WorkerReply> DoAsync(string command)
    {
        var reply = JsonSerializer.Deserialize<WorkerReply>(await _process.AskAsync(command, Patience), CheckReport.Json)!;
        return reply.Error.Length == 0 ? reply : throw new CheckException($"{command}: {reply.Error}");
    }

    /// <summary>Waits until its loop has had so many more hits out of the device's memory.</summary>
    public Task<WorkerReply> UntilDeviceHitsAsync(long more, TimeSpan patience) => UntilAsync(counts => counts.DeviceHits, more, patience);

    /// <summary>Waits until its loop has had so many more misses.</summary>
    public Task<WorkerReply> UntilMissesAsync(long more, TimeSpan patience) => UntilAsync(counts => counts.Misses, more, patience);

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<WorkerReply> UntilAsync(Func<WorkerReply, long> count, long more, TimeSpan patience)
    {
        var goal = count(await DoAsync("counts")) + more;
        var until = DateTime.UtcNow + patience;
        while (true)
        {
            var counts = await DoAsync("counts");
            if (count(counts) >= goal) return counts;
            if (DateTime.UtcNow > until)
            {
                throw new CheckException($"After {patience.TotalSeconds:0} s: {counts.Hits} hits, {counts.DeviceHits} of the device, "
                    + $"{counts.Misses} misses.");
            }

            await Task.Delay(10);
        }
    }
}
