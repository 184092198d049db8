namespace PrefixCache.Core.Replay.Traces;

/// <summary>What is wrong with a line; <see cref="TraceFile"/> adds where it is.</summary>
internal sealed class TraceFault(string message) : Exception(message);
