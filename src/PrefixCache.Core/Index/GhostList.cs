namespace PrefixCache.Core.Index;

/// <summary>
/// Chunks without blocks whose tokens are remembered: those that were evicted, and those that were offered and not admitted. Bounded; the
/// one that is a ghost for longest goes first.
/// </summary>
/// <remarks>A ghost stands before the ghosts above it, so the first of the list has none behind it. Protected by the node's lock.</remarks>
internal sealed class GhostList(long maxTokens)
{
    /// <summary>What a ghost takes beside its tokens, in tokens.</summary>
    internal const int OverheadTokens = 64;

    /// <summary>What an item of a ghost takes, in tokens: its digest and what holds it.</summary>
    internal const int ItemTokens = 32;

    private readonly LinkedList<ChunkNode> _ghosts = new();
    private long _tokens;

    public int Count => _ghosts.Count;

    /// <summary>Remembers a chunk that has no blocks and that nobody writes, and forgets the eldest where there are too many.</summary>
    public void Add(ChunkNode node, MissReason reason)
    {
        node.Gone = reason;
        node.Ghost = node.Parent?.Ghost is { } above ? _ghosts.AddBefore(above, node) : _ghosts.AddLast(node);
        if (node.Parent is not null) node.Parent.Children--;
        _tokens += Weight(node);
        while (_tokens > maxTokens) Forget(_ghosts.First!.Value);
    }

    /// <summary>Somebody writes it: it is no ghost any more.</summary>
    public void Revive(ChunkNode node)
    {
        Leave(node);

        // It is computed or loaded anew: Redis did not have it, or says now that it has.
        node.RedisUntil = 0;
        if (node.Parent is not null) node.Parent.Children++;
    }

    /// <summary>Its namespace was cleared.</summary>
    public void Leave(ChunkNode node)
    {
        if (node.Ghost is null) return;
        _ghosts.Remove(node.Ghost);
        node.Ghost = null;
        _tokens -= Weight(node);
    }

    private static int Weight(ChunkNode node) => node.TokenCount + (node.ItemCount * ItemTokens) + OverheadTokens;

    private void Forget(ChunkNode node)
    {
        node.Tree.Remove(node);
        Leave(node);
        node.Tree.Table?.RemoveIfUnused(node.Tree);
    }
}
