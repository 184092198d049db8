namespace PrefixCache.Core.Replay.Workloads;

/// <summary>One request of a generated workload.</summary>
/// <param name="Time">Since the workload began.</param>
/// <param name="Chunks">Equal numbers are equal prefixes up to and including that chunk; the last one is short.</param>
/// <param name="Tokens">Of the whole request.</param>
public sealed record GeneratedRequest(TimeSpan Time, IReadOnlyList<int> Chunks, int Tokens);
