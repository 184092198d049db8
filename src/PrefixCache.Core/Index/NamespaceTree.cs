using PrefixCache.Core.Blocks;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>The tree of chunks of one namespace.</summary>
/// <remarks>
/// Chunks are found by their tokens (<see cref="ChildSet"/>), so that a lookup hashes nothing: keys are computed when a chunk is stored.
/// Protected by the node's lock.
/// </remarks>
public sealed class NamespaceTree
{
    private readonly Lazy<ChunkKey> _root;
    private ChunkChildren _first;

    internal NamespaceTree(NamespaceTable? table, ChunkStore store, NamespaceKey key, KvLayout layout, ulong epoch)
    {
        Table = table;
        Store = store;
        Key = key;
        Layout = layout;
        Epoch = epoch;
        _root = new Lazy<ChunkKey>(() => ChunkKeys.Root(layout.Id, key.Tenant, key.Salt, key.Adapter, epoch));
    }

    public NamespaceKey Key { get; }

    public KvLayout Layout { get; }

    /// <summary>Of the namespace when the tree was made.</summary>
    internal ulong Epoch { get; }

    /// <summary>Where its blocks lie.</summary>
    internal ChunkStore Store { get; }

    /// <summary>Where it is found; null = a replay's, which needs no finding.</summary>
    internal NamespaceTable? Table { get; }

    /// <summary>The key before the first chunk.</summary>
    /// <remarks>Hashed when it is first wanted; ask for it without the node's lock.</remarks>
    public ChunkKey Root => _root.Value;

    /// <summary>The root is hashed already.</summary>
    internal bool HasRoot => _root.IsValueCreated;

    /// <summary>What is counted of its lookups; null = nobody has looked up.</summary>
    internal ModelUsage? Usage { get; set; }

    /// <summary>Reservations that look into this tree; it is forgotten when they, its pins and its nodes are gone.</summary>
    internal int Reservations { get; set; }

    /// <summary>Pins in this tree, those included that keep nothing yet.</summary>
    internal int Pins { get; set; }

    internal bool IsDetached { get; set; }

    /// <summary>Of the blocks that pins keep.</summary>
    internal long PinnedBytes { get; set; }

    /// <summary>Chunks, ghosts included.</summary>
    internal int Count { get; private set; }

    /// <summary>What the index knows behind a chunk.</summary>
    /// <param name="parent">Null = at the start.</param>
    internal ref ChunkChildren Behind(ChunkNode? parent)
    {
        if (parent is null) return ref _first;
        return ref parent.Behind;
    }

    /// <summary>The child of <paramref name="parent"/> (null = the root) with exactly this text, in whatever state.</summary>
    internal ChunkNode? Find(ChunkNode? parent, in ChunkText text)
    {
        ref var behind = ref Behind(parent);
        return behind.Residents.Find(text) ?? behind.Others.Find(text);
    }

    /// <summary>Adds the complete chunks with these tokens to a path, as far as they go.</summary>
    /// <param name="path">Full chunks of the first positions.</param>
    /// <param name="tokens">Of the whole sequence.</param>
    /// <returns>The complete chunk that shares most with what follows the path; less than a whole chunk.</returns>
    internal Neighbour Walk(List<ChunkNode> path, TokenBuffer tokens)
    {
        var parent = path.Count == 0 ? null : path[^1];
        for (var first = path.Count * Layout.ChunkTokens; first < tokens.Count; first += Layout.ChunkTokens)
        {
            var nearest = Behind(parent).Residents.Nearest(tokens.Text(first, Math.Min(Layout.ChunkTokens, tokens.Count - first)));
            if (nearest.Common < Layout.ChunkTokens) return nearest;
            path.Add(parent = nearest.Node!);
        }

        return default;
    }

    /// <summary>A chunk that somebody is about to write or that is to be remembered. Null where it cannot be told from another
    /// one.</summary>
    internal ChunkNode? TryAdd(ChunkNode? parent, in ChunkText text, in ChunkKey key)
    {
        var node = new ChunkNode(this, parent, text, key);
        if (!Behind(parent).Others.TryAdd(node))
        {
            node.ForgetTokens();
            return null;
        }

        Count++;
        if (parent is not null) parent.Children++;
        return node;
    }

    /// <summary>The chunk with this text, which somebody is about to write: the one that is known, a ghost come back, or a new
    /// one.</summary>
    internal ChunkNode? GetOrAdd(ChunkNode? parent, in ChunkText text, in ChunkKey key)
    {
        var node = Find(parent, text);
        if (node is { IsGhost: true })
        {
            Store.Ghosts.Revive(node);
            node.IsBranchPoint = false;
        }

        return node ?? TryAdd(parent, text, key);
    }

    /// <summary>Lookups find it from now on.</summary>
    /// <returns>What shared most with it before, ghosts included.</returns>
    internal Neighbour Completed(ChunkNode node)
    {
        if (node.IsDetached) return default;
        ref var behind = ref Behind(node.Parent);
        behind.Others.Remove(node);
        var nearest = Nearest(node.Parent, node.Text);
        behind.Residents.TryAdd(node);
        return nearest;
    }

    /// <summary>The child, in whatever state, that shares most with a text.</summary>
    internal Neighbour Nearest(ChunkNode? parent, in ChunkText text)
    {
        ref var behind = ref Behind(parent);
        var (resident, other) = (behind.Residents.Nearest(text), behind.Others.Nearest(text));
        if (resident.Common != other.Common || other.Node is null) return resident.Common >= other.Common ? resident : other;
        return resident with { Sharers = resident.Sharers + other.Sharers };
    }

    /// <summary>A complete chunk has lost its blocks.</summary>
    internal void Emptied(ChunkNode node)
    {
        if (node.IsDetached) return;
        ref var behind = ref Behind(node.Parent);
        behind.Residents.Remove(node);
        behind.Others.TryAdd(node);
    }

    /// <summary>Takes a blockless chunk out that nothing is known behind.</summary>
    internal void Remove(ChunkNode node)
    {
        if (!node.IsDetached)
        {
            Behind(node.Parent).Others.Remove(node);
            Count--;
        }

        node.IsDetached = true;
        GpuTier.Forget(node);
        node.ForgetTokens();
        if (node.Parent is not null && !node.IsGhost) node.Parent.Children--;
    }

    /// <summary>Takes every node out of the index; nobody finds them from now on. What they keep is freed by their store.</summary>
    internal IReadOnlyList<ChunkNode> DetachAll()
    {
        IsDetached = true;
        var nodes = new List<ChunkNode>(Count);
        Collect(ref _first, nodes);
        for (var next = 0; next < nodes.Count; next++) Collect(ref nodes[next].Behind, nodes);
        foreach (var node in nodes) node.IsDetached = true;
        Count = 0;
        return nodes;
    }

    private static void Collect(ref ChunkChildren behind, List<ChunkNode> nodes)
    {
        behind.Residents.CopyTo(nodes);
        behind.Others.CopyTo(nodes);
        behind = default;
    }
}
