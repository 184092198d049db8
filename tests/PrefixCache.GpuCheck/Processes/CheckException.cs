namespace PrefixCache.GpuCheck.Processes;

/// <summary>A check did not hold; the message says what was found.</summary>
internal sealed class CheckException(string message) : Exception(message);
