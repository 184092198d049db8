using System.Collections.Concurrent;
using PrefixCache.Core.Results;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Layouts;

/// <summary>Layouts that workers registered. Thread-safe.</summary>
/// <remarks>
/// Each tenant sees its own alone and has the limit for itself: a known id would tell another tenant which models run here, and one tenant
/// could use the limit up for all, for good.
/// </remarks>
public sealed class LayoutTable
{
    /// <summary>A status message travels in a header block, which peers bound to a few KiB.</summary>
    private const int MaxFaultsTold = 24;

    private readonly ConcurrentDictionary<(string Tenant, LayoutId Id), KvLayout> _layouts = [];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Lock _adding = new();
    private readonly int _maxLayouts;

    internal LayoutTable(int maxLayouts) => _maxLayouts = maxLayouts;

    /// <summary>Checks and keeps a layout. Idempotent: answers with the one kept first.</summary>
    public Result<KvLayout> Register(KvLayout layout, string tenant = "")
    {
        var faults = LayoutValidator.Validate(layout);
        if (faults.Count > 0) return CacheError.InvalidArgument($"The layout has faults: {TextOf(faults)}.");
        if (_layouts.TryGetValue((tenant, layout.Id), out var known)) return known;
        lock (_adding)
        {
            if (_layouts.TryGetValue((tenant, layout.Id), out known)) return known;
            var count = _counts.GetValueOrDefault(tenant);
            if (count >= _maxLayouts)
                return CacheError.ResourceExhausted($"The node knows {count} layouts, its limit: raise max-layouts or restart it.");
            _layouts[(tenant, layout.Id)] = layout;
            _counts[tenant] = count + 1;
            return layout;
        }
    }

    /// <summary>A layout that the tenant has registered.</summary>
    public Result<KvLayout> Find(ReadOnlySpan<byte> id, string tenant = "")
    {
        if (!LayoutId.TryRead(id, out var layoutId))
            return CacheError.InvalidArgument($"layout_id has {id.Length} bytes: send the {LayoutId.Length} that RegisterLayout answered.");
        return _layouts.TryGetValue((tenant, layoutId), out var layout)
            ? layout
            : CacheError.NotFound(
                $"The node does not know layout {layoutId}: register it first (a node forgets layouts when it restarts).");
    }

    private static string TextOf(IReadOnlyList<string> faults) => faults.Count <= MaxFaultsTold
        ? string.Join("; ", faults)
        : FormattableString.Invariant($"{string.Join("; ", faults.Take(MaxFaultsTold))}; and {faults.Count - MaxFaultsTold} more");
}
