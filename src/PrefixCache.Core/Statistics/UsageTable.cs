using System.Collections.Concurrent;

namespace PrefixCache.Core.Statistics;

/// <summary>Usage by tenant and model. Thread-safe.</summary>
/// <remarks>Bounded, for each entry is a time series of whoever watches: the models of a tenant that come late are counted together.</remarks>
public sealed class UsageTable
{
    /// <summary>Stands for the models that were too many.</summary>
    public const string Others = "others";

    private const int MaxEntries = 1024;

    private readonly ConcurrentDictionary<(string Tenant, string Model), ModelUsage> _all = new();

    public IEnumerable<ModelUsage> All => _all.Values;

    internal ModelUsage Of(string tenant, string model)
    {
        if (_all.TryGetValue((tenant, model), out var known)) return known;
        if (_all.Count >= MaxEntries) model = Others;
        return _all.GetOrAdd((tenant, model), static key => new ModelUsage(key.Tenant, key.Model));
    }
}
