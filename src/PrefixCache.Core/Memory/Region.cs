namespace PrefixCache.Core.Memory;

/// <summary>A run of frames that belongs to one lane until all of it is free.</summary>
internal sealed record Region(Lane Lane, Extent Extent);
