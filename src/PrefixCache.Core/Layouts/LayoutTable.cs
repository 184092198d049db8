using System.Collections.Concurrent;
using PrefixCache.Core.Results;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Layouts;

/// <summary>Layouts that workers registered. Thread-safe.</summary>
public sealed class LayoutTable
{
    /// <summary>A status message travels in a header block, which peers bound to a few KiB.</summary>
    private const int MaxFaultsTold = 24;

    private readonly ConcurrentDictionary<LayoutId, KvLayout> _layouts = [];
    private readonly Lock _adding = new();
    private readonly int _maxLayouts;

    internal LayoutTable(int maxLayouts) => _maxLayouts = maxLayouts;

    /// <summary>Checks and keeps a layout. Idempotent: answers with the one kept first.</summary>
    public Result<KvLayout> Register(KvLayout layout)
    {
        var faults = LayoutValidator.Validate(layout);
        if (faults.Count > 0) return CacheError.InvalidArgument($"The layout has faults: {TextOf(faults)}.");
        if (_layouts.TryGetValue(layout.Id, out var known)) return known;
        lock (_adding)
        {
            if (_layouts.TryGetValue(layout.Id, out known)) return known;
            if (_layouts.Count >= _maxLayouts)
                return CacheError.ResourceExhausted($"The node knows {_layouts.Count} layouts, its limit: raise max-layouts or restart it.");
            _layouts[layout.Id] = layout;
            return layout;
        }
    }

    public Result<KvLayout> Find(ReadOnlySpan<byte> id)
    {
        if (!LayoutId.TryRead(id, out var layoutId))
            return CacheError.InvalidArgument($"layout_id has {id.Length} bytes: send the {LayoutId.Length} that RegisterLayout answered.");
        return _layouts.TryGetValue(layoutId, out var layout)
            ? layout
            : CacheError.NotFound($"The node does not know layout {layoutId}: register it first (a node forgets layouts when it restarts).");
    }

    private static string TextOf(IReadOnlyList<string> faults) => faults.Count <= MaxFaultsTold
        ? string.Join("; ", faults)
        : FormattableString.Invariant($"{string.Join("; ", faults.Take(MaxFaultsTold))}; and {faults.Count - MaxFaultsTold} more");
}
