using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Workloads;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>Generated workloads, and what policies come to on them.</summary>
internal static class Workloads
{
    public static IReadOnlyDictionary<string, WorkloadOptions> All => NamedWorkloads.All;

    public static ReplayWorkload Make(string name, int requests, int seed) =>
        new(WorkloadGenerator.Trace(All[name] with { Requests = requests, Seed = (ulong)seed }));

    public static ReplayResult Run(ReplayWorkload workload, string policy, long capacity, long? ghostTokens = null)
    {
        var setup = new ReplaySetup { Policy = policy, Capacity = ReplayCapacity.Blocks(capacity) };
        if (ghostTokens is { } tokens) setup = setup with { MaxGhostTokens = tokens };
        return ReplayDriver.Run(workload, setup, null, TestContext.Current.CancellationToken);
    }
}
