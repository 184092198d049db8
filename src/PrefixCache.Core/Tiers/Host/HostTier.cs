using PrefixCache.Core.Blocks;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Hashing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Host;

/// <summary>Blocks in one arena of host memory, with their entries in the control region.</summary>
/// <remarks>
/// Owns arena, control region and records. Allocation state is protected by the node's lock; payload is not touched here. Block state is
/// private:
/// the control region is written for readers and never read back.
/// </remarks>
internal sealed class HostTier : IBlockTier, IDisposable
{
    private readonly BlockAllocator _allocator;
    private readonly ArenaPinner? _pinner;
    private readonly long _highBytes;
    private readonly long _lowBytes;

    public HostTier(HostTierOptions options, SystemMemory? memory = null)
    {
        Arena = Arena.Create(
            new ArenaOptions
            {
                CapacityBytes = options.CapacityBytes,
                HugePages = options.HugePages,
                ReserveMemory = options.ReserveMemory,
            },
            memory);
        try
        {
            Control = ControlRegion.Create(Arena, options.BlockCount);
        }
        catch
        {
            Arena.Dispose();
            throw;
        }

        _allocator = new BlockAllocator(Arena.CapacityBytes);
        _highBytes = (long)(Arena.CapacityBytes * options.HighWatermark);
        _lowBytes = (long)(Arena.CapacityBytes * options.LowWatermark);
        MaxQuarantineBytes = (long)(Arena.CapacityBytes * options.MaxQuarantine);
        if (options.LockPages && !Arena.IsNeverSwapped) _pinner = new ArenaPinner(Arena);
    }

    public Arena Arena { get; }

    /// <summary>What is kept of each chunk beside its payload.</summary>
    public RecordPool Records { get; } = new();

    /// <summary>The block table that workers map.</summary>
    public ControlRegion Control { get; }

    /// <summary>Writers get no extents while more than this is quarantined.</summary>
    public long MaxQuarantineBytes { get; }

    /// <summary>What becomes of pinning, in the background; null = not asked for, or not needed.</summary>
    public Task<MemoryLockResult>? Pinning => _pinner?.Result;

    public long CapacityBytes => Arena.CapacityBytes;

    public long UsedBytes => _allocator.UsedBytes;

    public long AllocatedBytes => _allocator.AllocatedBytes;

    /// <summary>What has blocks now.</summary>
    public IReadOnlyCollection<Lane> Lanes => _allocator.Lanes;

    public int Blocks => _allocator.AllocationCount;

    /// <summary>Bytes that hold nothing and can hold nothing; see <see cref="BlockAllocator.WastedBytes"/>.</summary>
    public long WastedBytes => _allocator.WastedBytes;

    /// <summary>
    /// A block of that many bytes, rounded to its size class, could exist in an empty tier without passing the high watermark.
    /// </summary>
    public bool Fits(long bytes) => bytes <= _highBytes;

    /// <summary>Taking that many bytes would pass the high watermark.</summary>
    public bool IsPressed(long bytes) => _allocator.AllocatedBytes + bytes > _highBytes;

    /// <summary>Taking that many bytes would leave the tier at the low watermark or under it.</summary>
    public bool IsRelieved(long bytes) => _allocator.AllocatedBytes + bytes <= _lowBytes;

    /// <summary>A block to write into, invisible to readers; null when there is no place for it or the block table is full.</summary>
    public Block? TryAllocate(ShardShape shape, in SizeClass size)
    {
        if (!Control.TryTakeEntry(out var entry)) return null;
        if (!_allocator.TryAllocate(size, out var extent))
        {
            Control.ReturnEntry(entry);
            return null;
        }

        Control.BeginWrite(entry);
        return new Block(shape, size.Tokens, extent, entry, Arena);
    }

    /// <summary>Makes a whole block visible to readers.</summary>
    /// <param name="checksums">Of each segment; empty = not sealed yet.</param>
    public void Publish(Block block, ulong[] checksums)
    {
        if (checksums.Length > 0) block.Seal(Records, checksums);
        block.Generation = Control.Publish(block.Entry, block.Extent.Offset, block.PayloadBytes, BlockChecksum(checksums), block.Tokens,
            block.Shape.Segments);
    }

    /// <summary>Gives a published block the checksums that its writer did not supply.</summary>
    public void Seal(Block block, ulong[] checksums)
    {
        block.Seal(Records, checksums);
        Control.Seal(block.Entry, BlockChecksum(checksums));
    }

    /// <summary>Readers of the control region see it gone before its memory can be anybody else's.</summary>
    public void Free(Block block)
    {
        if (Control.IsPublished(block.Entry)) Control.Retire(block.Entry);
        Control.ReturnEntry(block.Entry);
        _allocator.Free(block.Extent);
        block.ForgetChecksums(Records);
    }

    private static ulong BlockChecksum(ulong[] checksums) => checksums.Length == 0 ? 0 : Xxh3.HashOfHashes(checksums);

    public void Dispose()
    {
        _pinner?.Dispose();
        Control.Dispose();
        Records.Dispose();
        Arena.Dispose();
    }
}
