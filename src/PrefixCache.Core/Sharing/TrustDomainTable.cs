namespace PrefixCache.Core.Sharing;

/// <summary>Which tenant's KV lies in which arena. Immutable once made; owns the domains.</summary>
internal sealed class TrustDomainTable : IDisposable
{
    private readonly Dictionary<string, TrustDomain> _byTenant = new(StringComparer.Ordinal);

    /// <param name="main">Of every tenant that no other domain names.</param>
    /// <param name="others">With the tenants of each.</param>
    public TrustDomainTable(TrustDomain main, IReadOnlyList<(TrustDomain Domain, IReadOnlyList<string> Tenants)> others)
    {
        Main = main;
        All = [main, .. others.Select(other => other.Domain)];
        foreach (var (domain, tenants) in others)
            foreach (var tenant in tenants) _byTenant.Add(tenant, domain);
    }

    public TrustDomain Main { get; }

    public IReadOnlyList<TrustDomain> All { get; }

    public TrustDomain Of(string tenant) => _byTenant.GetValueOrDefault(tenant, Main);

    public void Dispose()
    {
        foreach (var domain in All) domain.Dispose();
    }
}
