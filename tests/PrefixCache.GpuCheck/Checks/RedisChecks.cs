using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Reporting;
using PrefixCache.GpuCheck.Worker;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>The same prompt, which a fresh node has to get from Redis first.</summary>
internal static class RedisChecks
{
    private const string Name = "hit from redis: first lookup of a fresh node";
    private const int Chunks = 4;

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        if (CheckRedis.FindProgram() is not { } program)
        {
            yield return CheckRow.Skipped(Name, "There is no redis-server, neither in the archive nor on this machine.");
            yield break;
        }

        await using var redis = await CheckRedis.StartAsync(program);
        string[] options = [.. CheckNode.Roomy, "--redis", redis.Address, "--redis-write", "through"];
        await using (var first = await CheckNode.StartAsync(options))
        {
            await using var worker = await CheckWorker.StartAsync(first.Address, context.Device.Uuid);
            await worker.DoAsync("store 2");
            await first.UntilAsync(
                now => now.Redis is { ChunksWritten: >= Chunks, WritesQueued: 0, BytesInFlight: 0 }, "all chunks are in Redis");
        }

        List<double> times = [], plain = [];
        for (var fresh = 0; fresh < context.FreshNodes; fresh++)
        {
            await using var node = await CheckNode.StartAsync(options);
            await using var worker = await CheckWorker.StartAsync(node.Address, context.Device.Uuid);
            var reply = await worker.DoAsync("fresh 2");
            times.AddRange(reply.Requests);
            plain.AddRange(reply.Plain);
        }

        yield return CheckRow.Speed(
            Name, KvPattern.Llama(2).Bytes, times, plain, null, "from the lookup to the last byte on the device; all bytes verified");
    }
}
