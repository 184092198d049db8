using PrefixCache.Core.Sharing;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>All namespaces' trees. Protected by the node's lock.</summary>
/// <remarks>
/// A namespace that was cleared gets a higher epoch, kept after its tree is gone, so that its keys never name again what they named before.
/// Callers choose the names, so the list of epochs is bounded: when it is full, the least epoch of every new tree takes its place.
/// </remarks>
internal sealed class NamespaceTable(TrustDomainTable domains)
{
    /// <summary>Most epochs that are remembered one by one.</summary>
    internal const int MaxEpochs = 16_384;

    private readonly Dictionary<NamespaceKey, NamespaceTree> _trees = [];
    private readonly Dictionary<NamespaceKey, ulong> _epochs = [];
    private readonly Dictionary<string, ulong> _tenantEpochs = [];
    private ulong _epoch;

    /// <summary>The least epoch of a new tree.</summary>
    private ulong _floor;

    public int Count => _trees.Count;

    /// <summary>Epochs that are remembered one by one.</summary>
    internal int Epochs => _epochs.Count;

    public NamespaceTree GetOrAdd(NamespaceKey key, KvLayout layout)
    {
        if (_trees.TryGetValue(key, out var tree)) return tree;
        var epoch = Math.Max(_floor, Math.Max(_epochs.GetValueOrDefault(key), _tenantEpochs.GetValueOrDefault(key.Tenant)));
        return _trees[key] = new NamespaceTree(this, domains.Of(key.Tenant).Store, key, layout, epoch);
    }

    /// <summary>Forgets a tree that nothing refers to.</summary>
    public void RemoveIfUnused(NamespaceTree tree)
    {
        if (tree is { Count: 0, Reservations: 0, IsDetached: false }) _trees.Remove(tree.Key);
    }

    /// <summary>Takes the namespace's tree out of the index; null when there is none.</summary>
    public NamespaceTree? Detach(NamespaceKey key)
    {
        if (_epochs.Count >= MaxEpochs)
        {
            _epochs.Clear();
            _floor = ++_epoch;
        }

        _epochs[key] = ++_epoch;
        _trees.Remove(key, out var tree);
        return tree;
    }

    public IReadOnlyList<NamespaceTree> DetachTenant(string tenant)
    {
        _tenantEpochs[tenant] = ++_epoch;
        var trees = _trees.Values.Where(tree => tree.Key.Tenant == tenant).ToList();
        foreach (var tree in trees) _trees.Remove(tree.Key);
        return trees;
    }
}
