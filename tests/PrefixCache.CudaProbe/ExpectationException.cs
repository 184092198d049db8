namespace PrefixCache.CudaProbe;

/// <summary>What was expected did not happen.</summary>
internal sealed class ExpectationException(string message) : Exception(message);
