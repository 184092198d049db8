namespace PrefixCache.Client;

/// <summary>What went wrong in strict mode, and in calls that are not on the inference path.</summary>
public sealed class PrefixCacheException(string message, Exception? inner = null) : Exception(message, inner);
