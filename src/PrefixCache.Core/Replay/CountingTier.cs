using PrefixCache.Core.Blocks;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Tiers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Replay;

/// <summary>A tier without memory: it counts what would lie in it.</summary>
/// <remarks>Holds exactly its capacity: unlike a node's tier it has no watermarks. Not thread-safe.</remarks>
/// <param name="capacityBytes">What fits.</param>
/// <param name="blockBytes">What every block counts, whatever its tokens; 0 = its own size.</param>
/// <param name="bytesPerToken">Of blocks whose tokens <see cref="NextTokens"/> names.</param>
internal sealed class CountingTier(long capacityBytes, long blockBytes, long bytesPerToken) : IBlockTier, IDisposable
{
    private long _usedBytes;
    private long _tokens;

    public RecordPool Records { get; } = new();

    public long CapacityBytes { get; } = capacityBytes;

    /// <summary>Tokens of the next block, where its chunk stands for more than its length says; 0 = it does not.</summary>
    public int NextTokens { get; set; }

    /// <summary>Tokens that were stored.</summary>
    public long StoredTokens { get; private set; }

    public long PeakTokens { get; private set; }

    public bool Fits(long bytes) => bytes <= CapacityBytes;

    public bool IsPressed(long bytes) => _usedBytes + Counted(bytes) > CapacityBytes;

    public bool IsRelieved(long bytes) => !IsPressed(bytes);

    public Block? TryAllocate(ShardShape shape, in SizeClass size)
    {
        var bytes = Counted(size.Bytes);
        if (_usedBytes + bytes > CapacityBytes) return null;
        var tokens = NextTokens > 0 ? NextTokens : size.Tokens;
        _usedBytes += bytes;
        _tokens += tokens;
        StoredTokens += tokens;
        PeakTokens = Math.Max(PeakTokens, _tokens);
        return new Block(shape, tokens, new Extent(0, bytes), 0, null);
    }

    public void Publish(Block block, ulong[] checksums)
    {
    }

    public void Seal(Block block, ulong[] checksums)
    {
    }

    public void Free(Block block)
    {
        _usedBytes -= block.Extent.Length;
        _tokens -= block.Tokens;
    }

    public void Dispose() => Records.Dispose();

    private long Counted(long bytes) => blockBytes > 0 ? blockBytes : NextTokens > 0 ? NextTokens * bytesPerToken : bytes;
}
