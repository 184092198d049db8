namespace PrefixCache.GpuCheck.Memory;

/// <summary>How an engine's cache lies in a device's memory.</summary>
internal enum DestinationShape
{
    /// <summary>One piece, [segment][tokens][bytes per token].</summary>
    Contiguous,

    /// <summary>Pages of 16 tokens in mixed order, all layers in one allocation.</summary>
    Paged,

    /// <summary>Such pages with an allocation for each layer.</summary>
    PagedByLayer,
}
