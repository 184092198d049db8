using System.Runtime.InteropServices;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Keys;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>The tree of chunks of one namespace.</summary>
/// <remarks>
/// Children are found by (parent, hash of tokens) and confirmed by comparing the tokens, so that a lookup computes no SHA-256: keys are
/// computed when a chunk is stored. Two children of one parent with the same hash cannot both be in the tree; the second is not cached.
/// Protected by the node's lock.
/// </remarks>
public sealed class NamespaceTree
{
    private readonly Lazy<ChunkKey> _root;
    private readonly Dictionary<(ChunkNode? Parent, ulong TokenHash), ChunkNode> _nodes = [];

    internal NamespaceTree(NamespaceTable table, ChunkStore store, NamespaceKey key, KvLayout layout, ulong epoch)
    {
        Table = table;
        Store = store;
        Key = key;
        Layout = layout;
        _root = new Lazy<ChunkKey>(() => ChunkKeys.Root(layout.Id, key.Tenant, key.Salt, key.Adapter, epoch));
    }

    public NamespaceKey Key { get; }

    public KvLayout Layout { get; }

    /// <summary>Where its blocks lie.</summary>
    internal ChunkStore Store { get; }

    /// <summary>Where it is found.</summary>
    internal NamespaceTable Table { get; }

    /// <summary>The key before the first chunk.</summary>
    /// <remarks>Hashed when it is first wanted; ask for it without the node's lock.</remarks>
    public ChunkKey Root => _root.Value;

    /// <summary>Reservations that look into this tree; it is forgotten when they and its nodes are gone.</summary>
    internal int Reservations { get; set; }

    internal bool IsDetached { get; set; }

    internal int Count => _nodes.Count;

    /// <summary>The child of <paramref name="parent"/> (null = the root) with exactly these tokens.</summary>
    internal ChunkNode? Find(ChunkNode? parent, ulong tokenHash, ReadOnlySpan<byte> tokens) =>
        _nodes.TryGetValue((parent, tokenHash), out var node) && tokens.SequenceEqual(node.Tokens) ? node : null;

    /// <summary>The chain of nodes for these tokens from <paramref name="path"/>'s end on, as far as it goes.</summary>
    /// <param name="path">Nodes of the first positions, all full; found ones are added.</param>
    /// <param name="completeOnly">Stop at a node that lacks a shard.</param>
    internal void Walk(List<ChunkNode> path, TokenBuffer tokens, ulong[] hashes, bool completeOnly)
    {
        for (var position = path.Count; position < hashes.Length; position++)
        {
            var parent = position == 0 ? null : path[position - 1];
            var first = position * Layout.ChunkTokens;
            var node = Find(parent, hashes[position],
                tokens.Slice(first, ChunkPosition.Tokens(position, tokens.Count, Layout.ChunkTokens)));
            if (node is null || (completeOnly && !node.IsComplete)) return;
            path.Add(node);
        }
    }

    /// <summary>Null when another child with the same hash is in the way.</summary>
    internal ChunkNode? TryAdd(ChunkNode? parent, ReadOnlySpan<byte> tokens, ulong tokenHash, in ChunkKey key)
    {
        ref var node = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodes, (parent, tokenHash), out var isTaken);
        if (isTaken) return null;
        node = new ChunkNode(this, parent, tokens, tokenHash, key);
        if (parent is not null) parent.Children++;
        return node;
    }

    /// <summary>Takes a childless node out.</summary>
    internal void Remove(ChunkNode node)
    {
        if (!node.IsDetached) _nodes.Remove((node.Parent, node.TokenHash));
        node.IsDetached = true;
        node.ForgetTokens();
        if (node.Parent is not null) node.Parent.Children--;
    }

    /// <summary>Takes every node out of the index; nobody finds them from now on. What they keep is freed by their store.</summary>
    internal IReadOnlyList<ChunkNode> DetachAll()
    {
        IsDetached = true;
        var nodes = _nodes.Values.ToList();
        foreach (var node in nodes) node.IsDetached = true;
        _nodes.Clear();
        return nodes;
    }
}
