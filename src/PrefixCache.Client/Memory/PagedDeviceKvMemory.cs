using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>An engine's paged cache on a device: as <see cref="PagedKvMemory"/>, with its two shapes.</summary>
/// <remarks>
/// Token-major pages in one allocation, their segments at equal distances, take one copy of the device for each page of a chunk; in one
/// allocation for each layer, one for each page and layer; head-major ones, one for each head of each page and segment. Owns nothing.
/// </remarks>
public sealed class PagedDeviceKvMemory : IDeviceKvMemory
{
    private readonly DeviceRange[] _segments;
    private readonly PagePlan _plan;

    /// <summary>Token-major pages.</summary>
    /// <param name="segments">The pages of each segment, [blocks][block tokens][token stride]; slices of the allocations that they are
    /// in.</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="tokenStride">Bytes from one token to the next; 0 = they lie behind one another. Pages are blockTokens strides
    /// long.</param>
    public PagedDeviceKvMemory(DeviceRange[] segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride = 0)
        : this(segments, shape, blockTable, blockTokens, tokenStride, heads: 1)
    {
    }

    private PagedDeviceKvMemory(DeviceRange[] segments, ShardShape shape, int[] blockTable, int blockTokens, int tokenStride, int heads)
    {
        _segments = segments;
        _plan = new PagePlan(segments.Length, shape, blockTable, blockTokens, tokenStride, heads);
    }

    /// <summary>Head-major pages.</summary>
    /// <param name="segments">The pages of each segment, [blocks][heads][block tokens][head bytes].</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="blockTable">Page number of each block of the sequence.</param>
    /// <param name="blockTokens">Tokens in a page.</param>
    /// <param name="heads">KV heads of the shard; they divide the bytes per token of every segment.</param>
    public static PagedDeviceKvMemory HeadMajor(
        DeviceRange[] segments, ShardShape shape, int[] blockTable, int blockTokens, int heads) =>
        new(segments, shape, blockTable, blockTokens, tokenStride: 0, heads);

    public DeviceTile GetTile(int segment, int firstToken, int tokens)
    {
        var place = _plan.Find(segment, firstToken, tokens);
        return new DeviceTile(
            _segments[segment].Slice(place.Offset), place.Tokens, place.TokenStride, place.PartBytes, place.Parts, place.PartStride);
    }
}
