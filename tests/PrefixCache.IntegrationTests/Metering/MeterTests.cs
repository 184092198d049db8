using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Metering;

public sealed class MeterTests
{
    private const int BytesPerToken = 2048;

    [Fact]
    public async Task Meter_AfterAScriptedRun_AgreesExactly()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(100));
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 100);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        using var meters = new MeterReading(new Guid((await client.GetStatisticsAsync()).Incarnation.Span).ToString("N"));
        Assert.All(meters.Read().Where(pair => pair.Key != "prefixcache.sessions" && pair.Key != "prefixcache.host.capacity"),
            pair => Assert.Equal(0, pair.Value));

        await using (var cold = await client.LookupAsync(layout, tokens.AsMemory(0, 70)))
        {
            await cold.StoreAsync(source, new TransferOptions { EndToken = 64 });
            await cold.ReleaseAsync(new UsageReport { ComputedTokens = 70, ComputeTime = TimeSpan.FromMilliseconds(7) });
        }

        await using var warm = await client.LookupAsync(layout, tokens);
        var loaded = await warm.RetrieveAsync(TestKv.Memory(layout, new byte[100 * BytesPerToken], 100),
            new TransferOptions { FirstToken = 4 });
        await warm.StoreAsync(source, new TransferOptions { FirstToken = 64 });
        await warm.ReleaseHitAsync(new UsageReport { Loaded = loaded });
        Assert.Equal(new Dictionary<string, long>
        {
            ["prefixcache.lookups"] = 2,
            ["prefixcache.tokens.asked"] = 170,
            ["prefixcache.tokens.hit{gpu}"] = 0,
            ["prefixcache.tokens.hit{host}"] = 64,
            ["prefixcache.tokens.hit{redis}"] = 0,
            ["prefixcache.load.bytes{stream}"] = 60 * BytesPerToken,
            ["prefixcache.load.bytes{shared_memory}"] = 0,
            ["prefixcache.load.bytes{device}"] = 0,
            ["prefixcache.load.time{stream}"] = loaded.Elapsed.Ticks * 100,
            ["prefixcache.load.time{shared_memory}"] = 0,
            ["prefixcache.load.time{device}"] = 0,
            ["prefixcache.prefill.time"] = 7_000_000,
            ["prefixcache.prefill.saved.time"] = 6_000_000,
            ["prefixcache.chunks.committed"] = 4,
            ["prefixcache.chunks.duplicate"] = 0,
            ["prefixcache.chunks.evicted"] = 0,
            ["prefixcache.tokens.missed{never_seen}"] = 70 + 36,
            ["prefixcache.tokens.missed{evicted}"] = 0,
            ["prefixcache.tokens.missed{pending}"] = 0,
            ["prefixcache.tokens.missed{quota}"] = 0,
            ["prefixcache.tokens.missed{layout}"] = 0,
            ["prefixcache.tokens.missed{policy}"] = 0,
            ["prefixcache.tokens.missed{time_out}"] = 0,
            ["prefixcache.tokens.hashed"] = 100,
            ["prefixcache.bytes.device"] = 0,
            ["prefixcache.stores.refused{no_memory}"] = 0,
            ["prefixcache.stores.refused{parent_missing}"] = 0,
            ["prefixcache.stores.refused{too_large}"] = 0,
            ["prefixcache.stores.refused{not_reused}"] = 0,
            ["prefixcache.stores.refused{store_limit}"] = 0,
            ["prefixcache.claims.granted"] = 0,
            ["prefixcache.claims.waited"] = 0,
            ["prefixcache.claims.active"] = 0,
            ["prefixcache.claims.waiting"] = 0,
            ["prefixcache.claims.ended{completed}"] = 0,
            ["prefixcache.claims.ended{let_go}"] = 0,
            ["prefixcache.claims.ended{session_lost}"] = 0,
            ["prefixcache.claims.ended{timed_out}"] = 0,
            ["prefixcache.branch_points.made"] = 0,
            ["prefixcache.branch_points.hit"] = 0,
            ["prefixcache.branch_points.replaced"] = 0,
            ["prefixcache.branch_points.dropped"] = 0,
            ["prefixcache.branch_points.pending"] = 0,
            ["prefixcache.tails.replaced"] = 0,
            ["prefixcache.ghosts"] = 0,
            ["prefixcache.pinned.chunks"] = 0,
            ["prefixcache.pinned.bytes"] = 0,
            ["prefixcache.stores.aborted"] = 0,
            ["prefixcache.bytes.stored"] = 100 * BytesPerToken,
            ["prefixcache.bytes.retrieved"] = 60 * BytesPerToken,
            ["prefixcache.bytes.shared"] = 0,
            ["prefixcache.host.quarantined"] = 0,
            ["prefixcache.tokens.loaded"] = 60,
            ["prefixcache.tokens.computed"] = 70,
            ["prefixcache.sessions"] = 1,
            ["prefixcache.reservations"] = 1,
            ["prefixcache.leases"] = 0,
            ["prefixcache.host.chunks"] = 4,
            ["prefixcache.host.capacity"] = 64 << 20,
            ["prefixcache.host.used"] = 100 * BytesPerToken,
            ["prefixcache.host.allocated"] = node.Node.Snapshot().AllocatedBytes,
            ["prefixcache.host.wasted"] = node.Node.Snapshot().WastedBytes,
        }.OrderBy(pair => pair.Key, StringComparer.Ordinal), meters.Read());
    }

    /// <summary>The instruments of one node, of however many run in the process.</summary>
    private sealed class MeterReading : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<string, long> _values = new();

        public MeterReading(string incarnation)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "PrefixCache" && instrument.Meter.Tags!.Contains(new("prefixcache.incarnation", incarnation)))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
                _values[Name(instrument, tags)] = value);
            _listener.Start();
        }

        /// <summary>One tenant asks of one model: what tells series apart is the rest.</summary>
        private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var rest = string.Join(',', tags.ToArray().Where(tag => tag.Key is not ("tenant" or "model")).Select(tag => tag.Value));
            return rest.Length == 0 ? instrument.Name : $"{instrument.Name}{{{rest}}}";
        }

        public List<KeyValuePair<string, long>> Read()
        {
            _listener.RecordObservableInstruments();
            return _values.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        }

        public void Dispose() => _listener.Dispose();
    }
}
