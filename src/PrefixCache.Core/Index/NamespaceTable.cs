using System.Runtime.InteropServices;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Index;

/// <summary>All namespaces' trees. Protected by the node's lock.</summary>
/// <remarks>
/// A namespace that was cleared gets a higher epoch, kept after its tree is gone, so that its keys never name again what they named before.
/// Callers choose the names, so the list of epochs is bounded: when it is full, the least epoch of every new tree takes its place.
/// </remarks>
internal sealed class NamespaceTable(TrustDomainTable domains)
{
    /// <summary>A miss is asked for under so many other layouts at most.</summary>
    private const int MaxLayoutsAsked = 8;

    /// <summary>Most epochs that are remembered one by one.</summary>
    internal const int MaxEpochs = 16_384;

    private readonly Dictionary<NamespaceKey, NamespaceTree> _trees = [];

    /// <summary>Trees that differ in the layout alone.</summary>
    private readonly Dictionary<(string Tenant, string Salt, string Adapter), List<NamespaceTree>> _byName = [];
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
        tree = new NamespaceTree(this, domains.Of(key.Tenant).Store, key, layout, epoch);
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
        if (_epochs.Count >= MaxEpochs)
        {
            _epochs.Clear();
            _floor = ++_epoch;
        }

        _epochs[key] = ++_epoch;
        if (_trees.Remove(key, out var tree)) Forget(tree);
        return tree;
    }

    public IReadOnlyList<NamespaceTree> DetachTenant(string tenant)
    {
        _tenantEpochs[tenant] = ++_epoch;
        var trees = _trees.Values.Where(tree => tree.Key.Tenant == tenant).ToList();
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
