namespace PrefixCache.Core.Replay.Workloads;

/// <summary>What a generated workload is like. Lengths are in whole chunks, both ends of a range are among the results.</summary>
public sealed record WorkloadOptions
{
    public ulong Seed { get; init; } = 1;

    public int Requests { get; init; } = 10_000;

    /// <summary>Tokens of a whole chunk.</summary>
    public int ChunkTokens { get; init; } = 512;

    /// <summary>System prompts that sessions begin with.</summary>
    public int Prompts { get; init; } = 50;

    /// <summary>The n-th most popular system prompt is used in proportion to n to the power of minus this.</summary>
    public double PromptSkew { get; init; } = 1;

    public (int From, int To) PromptChunks { get; init; } = (1, 24);

    /// <summary>New sessions a second, independent of each other.</summary>
    public double SessionsPerSecond { get; init; } = 1;

    /// <summary>Share of sessions that end with their first request.</summary>
    public double OneShotShare { get; init; } = 0.3;

    /// <summary>Mean of the requests of the other sessions; each turn is equally likely to be the last.</summary>
    public double MeanTurns { get; init; } = 3.5;

    /// <summary>What a turn adds to the history: the answer before it, and the question.</summary>
    public (int From, int To) TurnChunks { get; init; } = (1, 6);

    /// <summary>Median of the time between two turns.</summary>
    public TimeSpan ThinkTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Standard deviation of the think time's logarithm.</summary>
    public double ThinkSpread { get; init; } = 1;

    /// <summary>Share of requests that carry retrieved documents behind their history, which no later request repeats.</summary>
    public double DocumentShare { get; init; } = 0.3;

    public (int From, int To) DocumentChunks { get; init; } = (4, 32);
}
