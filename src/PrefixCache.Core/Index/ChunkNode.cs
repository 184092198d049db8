using PrefixCache.Core.Blocks;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Index;

/// <summary>One chunk in a namespace's tree: its tokens behind those of its ancestors.</summary>
/// <remarks>
/// Lives from its first offer on; when its blocks go it may stay as a ghost, which remembers its tokens and its history alone. Everything
/// mutable here is protected by the node's lock.
/// </remarks>
public sealed unsafe class ChunkNode
{
    /// <summary>In the tier's records; 0 once the chunk is out of the index.</summary>
    private nint _tokens;

    /// <summary>Null = none start in it, as nearly always.</summary>
    private readonly MultimodalItem[]? _items;

    internal ChunkNode(NamespaceTree tree, ChunkNode? parent, in ChunkText text, in ChunkKey key)
    {
        Tree = tree;
        Parent = parent;
        TokenCount = text.Count;
        _tokens = tree.Store.Records.Take(text.Bytes.Length);
        text.Bytes.CopyTo(new Span<byte>((void*)_tokens, text.Bytes.Length));
        _items = text.OwnItems();
        Key = key;
        Shards = new Block?[tree.Layout.Shards.Count];
    }

    public NamespaceTree Tree { get; }

    /// <summary>Null for a chunk at position 0.</summary>
    public ChunkNode? Parent { get; }

    public ChunkKey Key { get; }

    public int TokenCount { get; }

    /// <summary>Multimodal items that start in it.</summary>
    internal int ItemCount => _items?.Length ?? 0;

    /// <summary>It can have children, which a short chunk cannot.</summary>
    public bool IsFull => TokenCount == Tree.Layout.ChunkTokens;

    /// <summary>All shards are there: it can be a hit.</summary>
    public bool IsComplete => Present == Shards.Length;

    /// <summary>Empty once the chunk is out of the index.</summary>
    internal ChunkText Text => _tokens == 0 ? default : new(new ReadOnlySpan<uint>((void*)_tokens, TokenCount), _items);

    /// <summary>Committed blocks by shard.</summary>
    internal Block?[] Shards { get; }

    /// <summary>How many of <see cref="Shards"/> are there.</summary>
    internal int Present { get; set; }

    /// <summary>Of the blocks in <see cref="Shards"/>. Grows under a lease only where the sealer leases a chunk that is not complete
    /// yet.</summary>
    internal long AllocatedBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var block in Shards) bytes += block?.Extent.Length ?? 0;
            return bytes;
        }
    }

    /// <summary>Children that are no ghosts.</summary>
    internal int Children { get; set; }

    /// <summary>What is behind it in the index.</summary>
    internal ChunkChildren Behind;

    /// <summary>Reservations, pins and transfers that need the blocks to stay.</summary>
    internal int Leases { get; set; }

    /// <summary>Pins among them.</summary>
    internal int Pins { get; set; }

    /// <summary>Stores in flight for this chunk.</summary>
    internal int Writers { get; set; }

    /// <summary>No longer in the index; its blocks are freed when the last lease ends.</summary>
    internal bool IsDetached { get; set; }

    /// <summary>A run that several chunks share, copied by the node.</summary>
    internal bool IsBranchPoint { get; set; }

    /// <summary>Of a branch point: <see cref="BranchPointList.Proposals"/> when it was made or last hit.</summary>
    internal int BranchUse { get; set; }

    /// <summary>Of a branch point: a lookup was served from it.</summary>
    internal bool IsBranchHit { get; set; }

    /// <summary>Its place among the ghosts; null = it is none.</summary>
    internal LinkedListNode<ChunkNode>? Ghost { get; set; }

    /// <summary>Why it is not there, if it was offered or here before.</summary>
    internal MissReason Gone { get; set; }

    /// <summary>What admission knows of it; null where all is admitted.</summary>
    internal Sighting? Seen { get; set; }

    /// <summary>It is taken to be in Redis until then, in seconds since the node's start; 0 = nobody knows that it is.</summary>
    internal int RedisUntil { get; set; }

    /// <summary>It is about to be written to Redis.</summary>
    internal bool IsWriteQueued { get; set; }

    /// <summary>A request on another node waits for it in Redis.</summary>
    internal bool IsAwaited { get; set; }

    /// <summary>What is known of it on devices: the first of a list; null = no worker of a device has hit it.</summary>
    internal GpuBlock? Gpu { get; set; }

    /// <summary>Neighbours in the eviction policy's list.</summary>
    internal ChunkNode? Newer { get; set; }

    internal ChunkNode? Older { get; set; }

    internal bool IsListed { get; set; }

    /// <summary>How it was used, as far as the policy asks.</summary>
    internal ReuseState Reuse;

    /// <summary>Its blocks are gone, or never came; its tokens are remembered.</summary>
    internal bool IsGhost => Ghost is not null;

    /// <summary>Nobody needs it: neither descendants nor leases nor writers.</summary>
    internal bool IsEvictable => Children == 0 && Leases == 0 && Writers == 0;

    /// <summary>Nobody looks for it any more.</summary>
    internal void ForgetTokens()
    {
        if (_tokens != 0) Tree.Store.Records.Return(_tokens);
        _tokens = 0;
    }
}
