using System.Diagnostics.Metrics;

namespace PrefixCache.Core.Statistics;

/// <summary>The node's counters and gauges as instruments of the meter "PrefixCache".</summary>
/// <remarks>Observed only: a value is read when somebody listens, and costs nothing otherwise.</remarks>
internal sealed class CacheMetrics : IDisposable
{
    public const string MeterName = "PrefixCache";

    private readonly Meter _meter;

    public CacheMetrics(CacheNode node)
    {
        _meter = new Meter(
            new MeterOptions(MeterName) { Scope = node, Tags = [new("prefixcache.incarnation", node.Incarnation.ToString("N"))] });
        var counters = node.Counters;
        Counter("prefixcache.lookups", "{lookup}", "Lookups answered.", () => counters.Lookups);
        Counter("prefixcache.tokens.asked", "{token}", "Tokens in lookups.", () => counters.TokensAsked);
        Counter("prefixcache.tokens.hit", "{token}", "Tokens in lookups that were hits.", () => counters.TokensHit);
        Counter("prefixcache.chunks.committed", "{chunk}", "Shards of chunks that became visible.", () => counters.ChunksCommitted);
        Counter("prefixcache.chunks.duplicate", "{chunk}", "Commits that came second and were dropped.", () => counters.ChunksDuplicate);
        Counter("prefixcache.chunks.evicted", "{chunk}", "Chunks evicted.", () => counters.ChunksEvicted);
        Counter("prefixcache.stores.refused", "{chunk}", "Chunks refused.", () => counters.StoresRefused);
        Counter("prefixcache.stores.aborted", "{chunk}", "Chunks whose store ended before they were whole.", () => counters.StoresAborted);
        Counter("prefixcache.bytes.stored", "By", "Payload committed.", () => counters.BytesStored);
        Counter("prefixcache.bytes.retrieved", "By", "Payload sent to workers.", () => counters.BytesRetrieved);
        Counter("prefixcache.bytes.shared", "By", "Payload that workers report to have copied out of shared memory.",
            () => counters.BytesShared);
        Counter("prefixcache.tokens.loaded", "{token}", "Tokens that workers report as loaded.", () => counters.TokensLoaded);
        Counter("prefixcache.tokens.computed", "{token}", "Tokens that workers report as computed.", () => counters.TokensComputed);
        Gauge("prefixcache.sessions", "{session}", "Open sessions.", () => node.Snapshot().Sessions);
        Gauge("prefixcache.reservations", "{reservation}", "Reservations that are out.", () => node.Snapshot().Reservations);
        Gauge("prefixcache.leases", "{lease}", "Leases on chunks.", () => node.Snapshot().Leases);
        Gauge("prefixcache.host.chunks", "{chunk}", "Complete chunks in the host tier.", () => node.Snapshot().Chunks);
        Gauge("prefixcache.host.capacity", "By", "Capacity of the host tier.", () => node.Snapshot().CapacityBytes);
        Gauge("prefixcache.host.used", "By", "Payload in the host tier.", () => node.Snapshot().UsedBytes);
        Gauge("prefixcache.host.quarantined", "By", "Memory that writers who were cut off may still write into.",
            () => node.Snapshot().QuarantinedBytes);
        Gauge("prefixcache.host.allocated", "By", "Payload in the host tier and what rounding adds.", () => node.Snapshot().AllocatedBytes);
        Gauge("prefixcache.host.wasted", "By", "What rounding adds, and free memory that no block of the layouts in the tier can use.",
            () => node.Snapshot().WastedBytes);
    }

    public void Dispose() => _meter.Dispose();

    private void Counter(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter(name, read, unit, description);

    private void Gauge(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableGauge(name, read, unit, description);
}
