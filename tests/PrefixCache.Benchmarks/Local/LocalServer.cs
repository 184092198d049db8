using PrefixCache.Server;

namespace PrefixCache.Benchmarks.Local;

/// <summary>The node process of the local benchmark.</summary>
internal static class LocalServer
{
    /// <summary>Serves until the standard input ends, so that the process never outlives its parent.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var node = await PrefixCacheNode.StartAsync(LocalWorkload.NodeOptions);
        await Console.Out.WriteLineAsync($"ready {node.Address}");
        await Console.In.ReadToEndAsync(cancellationToken);
        return 0;
    }
}
