using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>A cache on a device in one piece, [segment][capacity tokens][bytes per token].</summary>
/// <remarks>Owns nothing.</remarks>
public sealed class ContiguousDeviceKvMemory : IDeviceKvMemory
{
    private readonly DeviceRange _memory;
    private readonly ShardShape _shape;
    private readonly int _capacityTokens;

    /// <param name="memory">At least capacityTokens × shape.BytesPerToken bytes.</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="capacityTokens">Tokens that each segment has room for.</param>
    public ContiguousDeviceKvMemory(DeviceRange memory, ShardShape shape, int capacityTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityTokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(memory.Bytes, (long)capacityTokens * shape.BytesPerToken, nameof(memory));
        _memory = memory;
        _shape = shape;
        _capacityTokens = capacityTokens;
    }

    public DeviceTile GetTile(int segment, int firstToken, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstToken);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstToken, _capacityTokens - tokens);
        var bytes = _shape.SegmentBytesPerToken(segment);
        // Larger than 2 GiB, other than what lies in an array.
        var offset = ((long)_shape.RangeBytesPerToken(0, segment) * _capacityTokens) + ((long)firstToken * bytes);
        return new DeviceTile(_memory.Slice(offset, (long)tokens * bytes), tokens, bytes, bytes);
    }
}
