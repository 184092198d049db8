using PrefixCache.Core.Blocks;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Index;

/// <summary>One chunk in a namespace's tree: its tokens behind those of its ancestors.</summary>
/// <remarks>Everything mutable here is protected by the node's lock.</remarks>
public sealed class ChunkNode
{
    internal ChunkNode(NamespaceTree tree, ChunkNode? parent, byte[] tokens, ulong tokenHash, in ChunkKey key)
    {
        Tree = tree;
        Parent = parent;
        Tokens = tokens;
        TokenHash = tokenHash;
        Key = key;
        Shards = new Block?[tree.Layout.Shards.Count];
    }

    public NamespaceTree Tree { get; }

    /// <summary>Null for a chunk at position 0.</summary>
    public ChunkNode? Parent { get; }

    public ChunkKey Key { get; }

    public int TokenCount => Tokens.Length / Core.Tokens.TokenBuffer.TokenBytes;

    /// <summary>It can have children, which a short chunk cannot.</summary>
    public bool IsFull => TokenCount == Tree.Layout.ChunkTokens;

    /// <summary>All shards are there: it can be a hit.</summary>
    public bool IsComplete => Present == Shards.Length;

    internal byte[] Tokens { get; }

    internal ulong TokenHash { get; }

    /// <summary>Committed blocks by shard.</summary>
    internal Block?[] Shards { get; }

    /// <summary>How many of <see cref="Shards"/> are there.</summary>
    internal int Present { get; set; }

    /// <summary>Of the blocks in <see cref="Shards"/>. Does not change under a lease, for a leased chunk is complete.</summary>
    internal long AllocatedBytes { get; set; }

    internal int Children { get; set; }

    /// <summary>Reservations and transfers that need the blocks to stay.</summary>
    internal int Leases { get; set; }

    /// <summary>Stores in flight for this chunk.</summary>
    internal int Writers { get; set; }

    /// <summary>No longer in the index; its blocks are freed when the last lease ends.</summary>
    internal bool IsDetached { get; set; }

    /// <summary>Neighbours in the eviction policy's list.</summary>
    internal ChunkNode? Newer { get; set; }

    internal ChunkNode? Older { get; set; }

    internal bool IsListed { get; set; }

    /// <summary>Nobody needs it: neither descendants nor leases nor writers.</summary>
    internal bool IsEvictable => Children == 0 && Leases == 0 && Writers == 0;
}
