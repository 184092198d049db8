using PrefixCache.Core.Replay;
using PrefixCache.Core.Replay.Workloads;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>Generated workloads of several kinds, none of which a policy was made for.</summary>
internal static class Workloads
{
    private static readonly WorkloadOptions Mixed = new();

    public static IReadOnlyDictionary<string, WorkloadOptions> All { get; } = new Dictionary<string, WorkloadOptions>
    {
        ["mixed"] = Mixed,
        ["chat"] = Mixed with { DocumentShare = 0, OneShotShare = 0.1, Prompts = 10, MeanTurns = 6 },
        ["documents"] = Mixed with { DocumentShare = 0.8, Prompts = 200, PromptSkew = 0.8, OneShotShare = 0.6 },
        ["agents"] = Mixed with
        {
            ThinkTime = TimeSpan.FromSeconds(5),
            ThinkSpread = 1.5,
            MeanTurns = 15,
            TurnChunks = (1, 3),
            DocumentShare = 0.1,
            OneShotShare = 0,
        },
        ["prompts"] = Mixed with { Prompts = 2000, PromptSkew = 0.9, OneShotShare = 0.9, PromptChunks = (4, 40) },
        ["regular"] = Mixed with { ThinkTime = TimeSpan.FromSeconds(120), ThinkSpread = 0.2, MeanTurns = 4 },
    };

    public static ReplayWorkload Make(string name, int requests, int seed) =>
        new(WorkloadGenerator.Trace(All[name] with { Requests = requests, Seed = (ulong)seed }));

    public static ReplayResult Run(ReplayWorkload workload, string policy, long capacity, long? ghostTokens = null)
    {
        var setup = new ReplaySetup { Policy = policy, Capacity = ReplayCapacity.Blocks(capacity) };
        if (ghostTokens is { } tokens) setup = setup with { MaxGhostTokens = tokens };
        return ReplayDriver.Run(workload, setup, null, TestContext.Current.CancellationToken);
    }
}
