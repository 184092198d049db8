namespace PrefixCache.Core.Replay.Workloads;

/// <summary>Generated workloads of several kinds, none of which a policy was made for.</summary>
public static class NamedWorkloads
{
    private static readonly WorkloadOptions Mixed = new();

    /// <summary>By name.</summary>
    public static IReadOnlyDictionary<string, WorkloadOptions> All { get; } = new Dictionary<string, WorkloadOptions>(StringComparer.Ordinal)
    {
        // Chat and retrieval over fifty system prompts.
        ["mixed"] = Mixed,

        // A few applications, long conversations, no documents.
        ["chat"] = Mixed with { DocumentShare = 0, OneShotShare = 0.1, Prompts = 10, MeanTurns = 6 },

        // Retrieval: most requests carry documents that nobody asks for again.
        ["documents"] = Mixed with { DocumentShare = 0.8, Prompts = 200, PromptSkew = 0.8, OneShotShare = 0.6 },

        // Agents: many quick, small turns.
        ["agents"] = Mixed with
        {
            ThinkTime = TimeSpan.FromSeconds(5),
            ThinkSpread = 1.5,
            MeanTurns = 15,
            TurnChunks = (1, 3),
            DocumentShare = 0.1,
            OneShotShare = 0,
        },

        // Thousands of system prompts, hardly a conversation.
        ["prompts"] = Mixed with { Prompts = 2000, PromptSkew = 0.9, OneShotShare = 0.9, PromptChunks = (4, 40) },

        // Everybody comes back after much the same time.
        ["regular"] = Mixed with { ThinkTime = TimeSpan.FromSeconds(120), ThinkSpread = 0.2, MeanTurns = 4 },
    };
}
