namespace PrefixCache.Cli.Replay;

/// <summary>Options that do not go with the trace.</summary>
internal sealed class ReplayOptionException(string message) : Exception(message);
