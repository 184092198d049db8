using PrefixCache.Core.Claims;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Blocks;

/// <summary>The life of blocks: allocated by evicting what nobody needs, attached to their chunk, leased, freed.</summary>
/// <remarks>Every method is called under the node's lock. Nothing here copies, hashes or waits.</remarks>
internal sealed class ChunkStore(IBlockTier tier, IEvictionPolicy policy, GhostList ghosts, Admission admission, CacheCounters counters)
{
    /// <summary>What an allocation evicts beyond its own need at most: some 50 µs of work.</summary>
    private const int EvictionsPerAllocation = 32;

    /// <summary>Bytes that no eviction can free now: of leased chunks and of blocks that are being written.</summary>
    private long _pinnedBytes;

    /// <summary>The high watermark was reached, the low one not yet.</summary>
    private bool _isRelieving;

    public IBlockTier Tier { get; } = tier;

    public RecordPool Records => Tier.Records;

    /// <summary>What was here, or was offered and not taken.</summary>
    public GhostList Ghosts { get; } = ghosts;

    /// <summary>Which new chunks are worth their memory.</summary>
    public Admission Admission { get; } = admission;

    /// <summary>Runs that several chunks share; null = none are made.</summary>
    public BranchPointPlanner? Branches { get; set; }

    /// <summary>What is being computed; null = nobody claims.</summary>
    public ClaimTable? Claims { get; set; }

    /// <summary>Writes chunks to Redis; null = there is none.</summary>
    public RedisWriter? Redis { get; set; }

    public long Leases { get; private set; }

    public int WritingBlocks { get; private set; }

    /// <summary>Complete chunks.</summary>
    public long Chunks { get; private set; }

    /// <summary>Chunks that pins keep, and the bytes of their blocks.</summary>
    public long PinnedChunks { get; private set; }

    public long PinnedBytes { get; private set; }

    /// <summary>Pins begin or end to keep chunks.</summary>
    public void Pinned(int chunks, long bytes) => (PinnedChunks, PinnedBytes) = (PinnedChunks + chunks, PinnedBytes + bytes);

    public void Lease(ChunkNode node)
    {
        if (node.Leases++ == 0) _pinnedBytes += node.AllocatedBytes;
        Leases++;
    }

    public void Unlease(ChunkNode node)
    {
        if (--node.Leases == 0) _pinnedBytes -= node.AllocatedBytes;
        Leases--;
        if (node.Leases > 0) return;
        if (node.IsDetached) FreeBlocks(node);
        else Branches?.Unleased(node);
    }

    public void Used(IReadOnlyList<ChunkNode> path)
    {
        policy.Used(path);
        Redis?.Used(path);
    }

    /// <summary>A block for a chunk that is about to be written; null when nothing more can be evicted.</summary>
    public Block? TryAllocate(ShardShape shape, in SizeClass size)
    {
        long bytes = size.Bytes;

        // What cannot come in must not push others out first.
        if (!Tier.Fits(_pinnedBytes + bytes)) return null;
        Relieve(bytes);
        if (Tier.IsPressed(bytes)) return null;
        var block = Tier.TryAllocate(shape, size);
        while (block is null && TryEvict()) block = Tier.TryAllocate(shape, size);
        if (block is null) return null;
        WritingBlocks++;
        _pinnedBytes += block.Extent.Length;

        // What goes next is written before it has to.
        if (Redis is not null && !Tier.IsRelieved(0) && policy.SelectVictim() is { } next) Redis.TryRescue(next);
        return block;
    }

    /// <summary>
    /// Hands a written block to its chunk; false when the shard is there already or the chunk was cleared: the block is freed.
    /// </summary>
    public bool TryAttach(ChunkNode node, int shard, Block block, ulong[] checksums)
    {
        WritingBlocks--;
        _pinnedBytes -= block.Extent.Length;
        node.Writers--;
        if (node.IsDetached || node.Shards[shard] is not null)
        {
            Tier.Free(block);
            return false;
        }

        Tier.Publish(block, checksums);
        node.Shards[shard] = block;
        node.Present++;
        // The sealer leases chunks that are not complete yet.
        if (node.Leases > 0) _pinnedBytes += block.Extent.Length;
        if (node.Present == 1) policy.Added(node);
        if (!node.IsComplete) return true;
        Chunks++;
        node.Gone = MissReason.None;
        var nearest = node.Tree.Completed(node);
        Branches?.Completed(node, nearest);
        if (!node.IsDetached) Claims?.Completed(node);
        Redis?.Completed(node);
        return true;
    }

    /// <summary>Gives back a block that will not be committed, and its chunk when that was all it had.</summary>
    public void Abandon(ChunkNode node, Block block)
    {
        Disown(node);
        FreeWritten(block);
    }

    /// <summary>
    /// A block that was being written will not be its chunk's, but its memory stays taken until <see cref="FreeWritten"/>.
    /// </summary>
    public void Disown(ChunkNode node)
    {
        WritingBlocks--;
        node.Writers--;
        RemoveIfEmpty(node);
    }

    /// <summary>Gives back the memory of a block that nobody writes any more and that is no chunk's.</summary>
    public void FreeWritten(Block block)
    {
        _pinnedBytes -= block.Extent.Length;
        Tier.Free(block);
    }

    /// <summary>
    /// Takes out a chunk that has no block and that nobody is about to give one, and such ancestors. What was seen before stays as a ghost.
    /// </summary>
    public void RemoveIfEmpty(ChunkNode node)
    {
        for (var current = node; current is { Present: 0, IsEvictable: true, IsDetached: false, IsGhost: false }; current = current.Parent)
        {
            BranchPointPlanner.Gone(current);
            if (current.Gone != MissReason.None || !current.Behind.Others.IsEmpty) Ghosts.Add(current, current.Gone);
            else node.Tree.Remove(current);
        }

        node.Tree.Table?.RemoveIfUnused(node.Tree);
    }

    /// <summary>A chunk whose tokens another one serves as well: its memory goes at once, and nothing is remembered of it.</summary>
    public void Discard(ChunkNode node)
    {
        policy.Removed(node);
        FreeBlocks(node);
        BranchPointPlanner.Gone(node);
        node.Tree.Remove(node);
    }

    /// <summary>Frees chunks that are out of the index; blocks that are leased stay until their leases end.</summary>
    public void Free(IEnumerable<ChunkNode> detached)
    {
        foreach (var node in detached)
        {
            policy.Removed(node);
            Ghosts.Leave(node);
            GpuTier.Forget(node);
            node.ForgetTokens();
            if (node.Leases == 0) FreeBlocks(node);
        }
    }

    /// <summary>Evicts from the high watermark down to the low one, a part with each allocation, for the node's lock is held.</summary>
    private void Relieve(long bytes)
    {
        if (Tier.IsPressed(bytes)) _isRelieving = true;
        for (var left = EvictionsPerAllocation; _isRelieving && (left > 0 || Tier.IsPressed(bytes)); left--)
            _isRelieving = !Tier.IsRelieved(bytes) && TryEvict();
    }

    private bool TryEvict()
    {
        var victim = policy.SelectVictim();
        while (victim is not null && Redis?.TryRescue(victim) == true) victim = policy.SelectVictim();

        // Who stores now goes before what is only to be kept.
        if (victim is null && Redis?.TryGiveUp(this) == true) victim = policy.SelectVictim();
        if (victim is null) return false;
        Redis?.Evicting(victim);
        policy.Removed(victim);
        FreeBlocks(victim);
        counters.Evicted();
        victim.Gone = MissReason.Evicted;
        RemoveIfEmpty(victim);
        return true;
    }

    private void FreeBlocks(ChunkNode node)
    {
        if (node.IsComplete)
        {
            Chunks--;
            node.Tree.Emptied(node);
        }

        for (var i = 0; i < node.Shards.Length; i++)
        {
            if (node.Shards[i] is not { } block) continue;
            Tier.Free(block);
            node.Shards[i] = null;
        }

        node.Present = 0;
    }
}
