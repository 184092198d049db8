using System.Diagnostics.Metrics;
using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Planning;
using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.Core.Transfers;

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
        Counter("prefixcache.chunks.committed", "{chunk}", "Shards of chunks that became visible.", () => counters.ChunksCommitted);
        Counter("prefixcache.chunks.duplicate", "{chunk}", "Commits that came second and were dropped.", () => counters.ChunksDuplicate);
        Counter("prefixcache.chunks.evicted", "{chunk}", "Chunks evicted.", () => counters.ChunksEvicted);
        Counter("prefixcache.stores.aborted", "{chunk}", "Chunks whose store ended before they were whole.", () => counters.StoresAborted);
        Counter("prefixcache.bytes.stored", "By", "Payload committed.", () => counters.BytesStored);
        Counter("prefixcache.bytes.retrieved", "By", "Payload sent to workers.", () => counters.BytesRetrieved);
        Counter("prefixcache.bytes.shared", "By", "Payload that workers report to have copied out of shared memory.",
            () => counters.BytesShared);
        Counter("prefixcache.bytes.device", "By", "Payload that workers report to have copied within a GPU.", () => counters.BytesDevice);
        Counter("prefixcache.tokens.hashed", "{token}", "Tokens hashed for the keys of new chunks and of claims.",
            () => counters.TokensHashed);
        AddUsage(node.Usage);
        Tagged("prefixcache.stores.refused", "{chunk}", "Chunks refused, by reason.",
            Enum.GetValues<RefusalReason>().Where(reason => reason != RefusalReason.None), counters.RefusedFor);
        Counter("prefixcache.claims.granted", "{claim}", "Claims granted.", () => counters.ClaimsGranted);
        Counter("prefixcache.claims.waited", "{request}", "Requests that were told to wait for another's claim.",
            () => counters.ClaimsWaited);
        Tagged("prefixcache.claims.ended", "{claim}", "Claims that ended, by how.", Enum.GetValues<ClaimEnd>(), counters.ClaimsEndedBy);
        Gauge("prefixcache.claims.active", "{claim}", "Claims that are out.", () => node.Snapshot().Claims);
        Gauge("prefixcache.claims.waiting", "{request}", "Requests that wait for a claim.", () => node.Snapshot().ClaimsWaiting);
        if (node.Gpu is { Devices.Count: > 0 } gpu) AddGpu(gpu);
        if (node.Redis is { } redis) AddRedis(redis);
        Counter("prefixcache.branch_points.made", "{chunk}", "Shared runs copied into chunks of their own.",
            () => counters.BranchPointsMade);
        Counter("prefixcache.branch_points.hit", "{lookup}", "Lookups whose hit ended in a branch point.", () => counters.BranchPointsHit);
        Counter("prefixcache.branch_points.replaced", "{chunk}", "Branch points that gave their place to another.",
            () => counters.BranchPointsReplaced);
        Counter("prefixcache.branch_points.dropped", "{chunk}", "Shared runs for which there was no place, memory or time.",
            () => counters.BranchPointsDropped);
        Counter("prefixcache.tails.replaced", "{chunk}", "Short chunks that gave way to a longer one that contains them.",
            () => counters.TailsReplaced);
        Gauge("prefixcache.ghosts", "{chunk}", "Chunks without blocks whose tokens are remembered.", () => node.Snapshot().Ghosts);
        Gauge("prefixcache.branch_points.pending", "{chunk}", "Branch points in the making.", () => node.Snapshot().BranchPointsPending);
        Gauge("prefixcache.pinned.chunks", "{chunk}", "Chunks that pins keep.", () => node.Snapshot().PinnedChunks);
        Gauge("prefixcache.pinned.bytes", "By", "Blocks that pins keep.", () => node.Snapshot().PinnedBytes);
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

    /// <summary>By tenant and model, which are the caller's names.</summary>
    private void AddUsage(UsageTable table)
    {
        Each("prefixcache.lookups", "{lookup}", "Lookups answered.", usage => usage.Lookups);
        Each("prefixcache.tokens.asked", "{token}", "Tokens in lookups.", usage => usage.TokensAsked);
        By("prefixcache.tokens.hit", "{token}", "Tokens in lookups that were hits, by where they lay.", "tier",
            [CacheTier.Gpu, CacheTier.Host, CacheTier.Redis], (usage, tier) => usage.TokensHit(tier));
        By("prefixcache.tokens.missed", "{token}", "Tokens in lookups that were no hit, by reason.", "reason",
            [.. Enum.GetValues<MissReason>().Where(reason => reason != MissReason.None)], (usage, reason) => usage.TokensMissed(reason));
        Each("prefixcache.tokens.loaded", "{token}", "Tokens that workers report as loaded.", usage => usage.TokensLoaded);
        Each("prefixcache.tokens.computed", "{token}", "Tokens that workers report as computed.", usage => usage.TokensComputed);
        LoadSource[] planes = [LoadSource.Stream, LoadSource.SharedMemory, LoadSource.Device];
        By("prefixcache.load.bytes", "By", "Payload that workers report as loaded, by plane.", "plane", planes,
            (usage, plane) => usage.BytesLoaded(plane));
        By("prefixcache.load.time", "ns", "What that took them, by plane.", "plane", planes, (usage, plane) => usage.LoadNanoseconds(plane));
        Each("prefixcache.prefill.time", "ns", "What workers report to have taken for computing.", usage => usage.ComputeNanoseconds);
        Each("prefixcache.prefill.saved.time", "ns", "What computing the loaded tokens is expected to have taken.",
            usage => usage.SavedNanoseconds);

        void Each(string name, string unit, string description, Func<ModelUsage, long> read) => _meter.CreateObservableCounter(
            name, () => table.All.Select(usage => new Measurement<long>(read(usage), Tags(usage))), unit, description);

        void By<T>(string name, string unit, string description, string tag, T[] values, Func<ModelUsage, T, long> read)
            where T : struct, Enum => _meter.CreateObservableCounter(
                name, () => table.All.SelectMany(usage => values.Select(value => new Measurement<long>(
                    read(usage, value), [.. Tags(usage), new(tag, TagOf(value))]))), unit, description);

        static KeyValuePair<string, object?>[] Tags(ModelUsage usage) => [new("tenant", usage.Tenant), new("model", usage.Model)];
    }

    private void AddGpu(GpuStatus gpu)
    {
        var tags = gpu.Devices.Select(device => new KeyValuePair<string, object?>("device", device.Identity.Text)).ToArray();
        Gauges("prefixcache.gpu.on", "{device}", "1 = used, 0 = off after a failure.", device => device.IsOn ? 1 : 0);
        Gauges("prefixcache.gpu.capacity", "By", "Memory taken.", device => device.CapacityBytes);
        Gauges("prefixcache.gpu.used", "By", "Payload there.", device => device.UsedBytes);
        Gauges("prefixcache.gpu.allocated", "By", "Payload there and what rounding adds.", device => device.AllocatedBytes);
        Gauges("prefixcache.gpu.wasted", "By", "What rounding adds, and free memory that no block there can use.",
            device => device.WastedBytes);
        Gauges("prefixcache.gpu.blocks", "{block}", "Blocks in place.", device => device.Blocks);
        Gauges("prefixcache.gpu.leased", "{block}", "Blocks that reservations keep in place.", device => device.LeasedBlocks);
        Gauges("prefixcache.gpu.moving", "{block}", "Blocks that are being moved, or wait for it.", device => device.Moving);
        Counters("prefixcache.gpu.blocks.hit", "{block}", "Blocks that lookups told a worker of.", device => device.BlocksHit);
        Counters("prefixcache.gpu.blocks.promoted", "{block}", "Copied up.", device => device.BlocksPromoted);
        Counters("prefixcache.gpu.bytes.promoted", "By", "Copied up.", device => device.BytesPromoted);
        Counters("prefixcache.gpu.promote.time", "ns", "Spent on it.", device => (long)device.PromoteTime.TotalNanoseconds);
        Counters("prefixcache.gpu.blocks.demoted", "{block}", "Copied down.", device => device.BlocksDemoted);
        Counters("prefixcache.gpu.bytes.demoted", "By", "Copied down.", device => device.BytesDemoted);
        Counters("prefixcache.gpu.demote.time", "ns", "Spent on it.", device => (long)device.DemoteTime.TotalNanoseconds);
        Counters("prefixcache.gpu.blocks.dropped", "{block}", "Given up without a copy.", device => device.BlocksDropped);
        Counters("prefixcache.gpu.blocks.damaged", "{block}",
            "Did not fit their checksums, going up or coming back: not used.", device => device.BlocksDamaged);
        Counters("prefixcache.gpu.promotions.refused", "{block}",
            "Not copied up: no room among hotter ones, no place in the queue, or gone.",
            device => device.PromotionsRefused);

        void Gauges(string name, string unit, string description, Func<GpuDeviceStatus, long> read) =>
            _meter.CreateObservableGauge(name, () => Measure(read), unit, description);

        void Counters(string name, string unit, string description, Func<GpuDeviceStatus, long> read) =>
            _meter.CreateObservableCounter(name, () => Measure(read), unit, description);

        IEnumerable<Measurement<long>> Measure(Func<GpuDeviceStatus, long> read) =>
            gpu.Devices.Select((device, index) => new Measurement<long>(read(device), tags[index]));
    }

    private void AddRedis(RedisStatus redis)
    {
        var counters = redis.Counters;
        Gauge("prefixcache.redis.state", "{state}", "0 = read and written, 1 = read only, 2 = away.", () => (int)redis.State);
        Counter("prefixcache.redis.interruptions", "{interruption}", "Times that it became read-only or away.", () => redis.Interruptions);
        Counter("prefixcache.redis.errors", "{error}", "Calls that failed.", () => counters.Errors);
        Counter("prefixcache.redis.lookups", "{lookup}", "Prompts that it was asked for.", () => counters.Lookups);
        Counter("prefixcache.redis.lookups.late", "{lookup}", "Not answered within the budget.", () => counters.LookupsLate);
        Counter("prefixcache.redis.lookups.time", "ns", "Spent on its answers.", () => counters.LookupNanoseconds);
        Counter("prefixcache.redis.chunks.loaded", "{chunk}", "Chunks loaded.", () => counters.ChunksLoaded);
        Counter("prefixcache.redis.bytes.loaded", "By", "Payload loaded.", () => counters.BytesLoaded);
        Counter("prefixcache.redis.load.time", "ns", "Spent on loading.", () => counters.LoadNanoseconds);
        Counter("prefixcache.redis.chunks.written", "{chunk}", "Shards of chunks written.", () => counters.ChunksWritten);
        Counter("prefixcache.redis.bytes.written", "By", "Payload written.", () => counters.BytesWritten);
        Counter("prefixcache.redis.chunks.written_twice", "{chunk}", "That another node had written before.",
            () => counters.ChunksWrittenTwice);
        Counter("prefixcache.redis.chunks.damaged", "{chunk}", "Missing a part, short, or with a wrong checksum: deleted.",
            () => counters.ChunksDamaged);
        var reasons = Enum.GetValues<RedisDrop>().Where(reason => reason != RedisDrop.None);
        Tagged("prefixcache.redis.loads.dropped", "{chunk}", "Chunks not loaded, by reason.", reasons, counters.DroppedLoads);
        Tagged("prefixcache.redis.writes.dropped", "{chunk}", "Chunks not written, by reason.", reasons, counters.DroppedWrites);
        Gauge("prefixcache.redis.loads.queued", "{chunk}", "Chunks that wait for being loaded.", () => redis.LoadsQueued);
        Gauge("prefixcache.redis.writes.queued", "{chunk}", "Chunks that wait for being written.", () => redis.WritesQueued);
        Gauge("prefixcache.redis.bytes.in_flight", "By", "Of blocks that are read or written now.", () => counters.BytesInFlight);
    }

    public void Dispose() => _meter.Dispose();

    private void Counter(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter(name, read, unit, description);

    private void Tagged<T>(string name, string unit, string description, IEnumerable<T> reasons, Func<T, long> read)
        where T : struct, Enum
    {
        var tagged = reasons.Select(reason => (Reason: reason, Tag: new KeyValuePair<string, object?>("reason", TagOf(reason)))).ToArray();
        _meter.CreateObservableCounter(
            name, () => tagged.Select(entry => new Measurement<long>(read(entry.Reason), entry.Tag)), unit, description);
    }

    /// <summary>NeverSeen becomes never_seen.</summary>
    private static string TagOf<T>(T reason)
        where T : struct, Enum => string.Concat(
            reason.ToString().Select((letter, index) =>
                char.IsUpper(letter) ? (index == 0 ? "" : "_") + char.ToLowerInvariant(letter) : $"{letter}"));

    private void Gauge(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableGauge(name, read, unit, description);
}
