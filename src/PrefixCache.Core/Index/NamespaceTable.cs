using System.Runtime.InteropServices;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>All namespaces' trees. Protected by the node's lock.</summary>
/// <remarks>
/// A namespace that was cleared gets a higher epoch, kept after its tree is gone, so that its keys never name again what they named before.
/// </remarks>
internal sealed class NamespaceTable(TrustDomainTable domains, TimeProvider time)
{
    /// <summary>A miss is asked for under so many other layouts at most.</summary>
    private const int MaxLayoutsAsked = 8;

    private readonly Dictionary<NamespaceKey, NamespaceTree> _trees = [];

    /// <summary>Trees that differ in the layout alone.</summary>
    private readonly Dictionary<(string Tenant, string Salt, string Adapter), List<NamespaceTree>> _byName = [];

    public int Count => _trees.Count;

    public EpochTable Epochs { get; } = new(time);

    public NamespaceTree GetOrAdd(NamespaceKey key, KvLayout layout)
    {
        if (_trees.TryGetValue(key, out var tree)) return tree;
        tree = new NamespaceTree(this, domains.Of(key.Tenant).Store, key, layout, Epochs.Of(key));
        (CollectionsMarshal.GetValueRefOrAddDefault(_byName, NameOf(key), out _) ??= []).Add(tree);
        return _trees[key] = tree;
    }

    /// <summary>Another layout of the same tenant, salt and adapter has the first chunk of these tokens.</summary>
    public bool IsUnderOtherLayout(NamespaceTree tree, TokenBuffer tokens)
    {
        foreach (var other in _byName[NameOf(tree.Key)].Take(MaxLayoutsAsked))
        {
            var first = tokens.Text(0, Math.Min(tokens.Count, other.Layout.ChunkTokens));
            if (other != tree && other.Behind(null).Residents.Nearest(first).Common == first.Count) return true;
        }

        return false;
    }

    /// <summary>Forgets a tree that nothing refers to.</summary>
    public void RemoveIfUnused(NamespaceTree tree)
    {
        // Another tree may have its name by now.
        if (tree is not { Count: 0, Reservations: 0, Pins: 0, IsDetached: false } || _trees.GetValueOrDefault(tree.Key) != tree) return;
        _trees.Remove(tree.Key);
        Forget(tree);
    }

    /// <summary>Takes the namespace's tree out of the index; null when there is none.</summary>
    public NamespaceTree? Detach(NamespaceKey key)
    {
        Epochs.Raise(EpochTable.NameOf(key));
        if (_trees.Remove(key, out var tree)) Forget(tree);
        return tree;
    }

    public IReadOnlyList<NamespaceTree> DetachTenant(string tenant)
    {
        Epochs.Raise(EpochTable.NameOf(tenant));
        return Detach(tree => tree.Key.Tenant == tenant);
    }

    /// <summary>Takes out what other nodes have cleared.</summary>
    public IReadOnlyList<NamespaceTree> DetachStale() => Detach(tree => tree.Epoch < Epochs.Of(tree.Key));

    private List<NamespaceTree> Detach(Func<NamespaceTree, bool> selects)
    {
        var trees = _trees.Values.Where(selects).ToList();
        foreach (var tree in trees)
        {
            _trees.Remove(tree.Key);
            Forget(tree);
        }

        return trees;
    }

    private static (string Tenant, string Salt, string Adapter) NameOf(NamespaceKey key) => (key.Tenant, key.Salt, key.Adapter);

    private void Forget(NamespaceTree tree)
    {
        var trees = _byName[NameOf(tree.Key)];
        trees.Remove(tree);
        if (trees.Count == 0) _byName.Remove(NameOf(tree.Key));
    }
}
