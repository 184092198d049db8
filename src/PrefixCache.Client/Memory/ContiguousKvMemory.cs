using PrefixCache.Format.Layouts;

namespace PrefixCache.Client.Memory;

/// <summary>A cache in one piece, [segment][capacity tokens][bytes per token].</summary>
/// <remarks>Owns nothing.</remarks>
public sealed class ContiguousKvMemory : IKvMemory
{
    private readonly Memory<byte> _memory;
    private readonly ShardShape _shape;
    private readonly int _capacityTokens;

    /// <param name="memory">At least shape.PayloadBytes(capacityTokens) bytes.</param>
    /// <param name="shape">The shard's shape.</param>
    /// <param name="capacityTokens">Tokens that each segment has room for.</param>
    public ContiguousKvMemory(Memory<byte> memory, ShardShape shape, int capacityTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(memory.Length, shape.PayloadBytes(capacityTokens), nameof(memory));
        _memory = memory;
        _shape = shape;
        _capacityTokens = capacityTokens;
    }

    public KvTile GetTile(int segment, int firstToken, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstToken + tokens, _capacityTokens, nameof(tokens));
        var bytes = _shape.SegmentBytesPerToken(segment);
        var offset = _shape.SegmentOffset(segment, _capacityTokens) + (firstToken * bytes);
        return KvTile.Contiguous(_memory.Slice(offset, tokens * bytes), bytes);
    }
}
