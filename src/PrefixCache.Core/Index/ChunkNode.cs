using PrefixCache.Core.Blocks;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Index;

/// <summary>One chunk in a namespace's tree: its tokens behind those of its ancestors.</summary>
/// <remarks>Everything mutable here is protected by the node's lock.</remarks>
public sealed unsafe class ChunkNode
{
    /// <summary>In the tier's records; 0 once the chunk is out of the index.</summary>
    private nint _tokens;

    internal ChunkNode(NamespaceTree tree, ChunkNode? parent, ReadOnlySpan<byte> tokens, ulong tokenHash, in ChunkKey key)
    {
        Tree = tree;
        Parent = parent;
        TokenCount = tokens.Length / TokenBuffer.TokenBytes;
        _tokens = tree.Store.Host.Records.Take(tokens.Length);
        tokens.CopyTo(new Span<byte>((void*)_tokens, tokens.Length));
        TokenHash = tokenHash;
        Key = key;
        Shards = new Block?[tree.Layout.Shards.Count];
    }

    public NamespaceTree Tree { get; }

    /// <summary>Null for a chunk at position 0.</summary>
    public ChunkNode? Parent { get; }

    public ChunkKey Key { get; }

    public int TokenCount { get; }

    /// <summary>It can have children, which a short chunk cannot.</summary>
    public bool IsFull => TokenCount == Tree.Layout.ChunkTokens;

    /// <summary>All shards are there: it can be a hit.</summary>
    public bool IsComplete => Present == Shards.Length;

    /// <summary>Empty once the chunk is out of the index.</summary>
    internal ReadOnlySpan<byte> Tokens => _tokens == 0 ? [] : new((void*)_tokens, TokenCount * TokenBuffer.TokenBytes);

    internal ulong TokenHash { get; }

    /// <summary>Committed blocks by shard.</summary>
    internal Block?[] Shards { get; }

    /// <summary>How many of <see cref="Shards"/> are there.</summary>
    internal int Present { get; set; }

    /// <summary>Of the blocks in <see cref="Shards"/>. Grows under a lease only where the sealer leases a chunk that is not complete yet.</summary>
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

    /// <summary>Nobody looks for it any more.</summary>
    internal void ForgetTokens()
    {
        if (_tokens != 0) Tree.Store.Host.Records.Return(_tokens);
        _tokens = 0;
    }
}
