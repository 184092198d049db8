using PrefixCache.Core;
using PrefixCache.Core.Blocks;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tiers.Host;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests;

/// <summary>A node with a tiny arena, in which a whole chunk of <see cref="Layout"/> fills exactly one page.</summary>
internal sealed class TestNode : IDisposable
{
    public const int ChunkTokens = 16;
    public const int PageBytes = 4096;

    public TestNode(int pages = 64, double high = 1, double low = 1, ReservationLimits? limits = null, KvLayout? layout = null,
        Func<CacheNodeOptions, CacheNodeOptions>? change = null)
    {
        var host = new HostTierOptions { CapacityBytes = pages * PageBytes, LockPages = false, HighWatermark = high, LowWatermark = low };
        var options = new CacheNodeOptions { Host = host, Limits = limits ?? new ReservationLimits() };
        Node = new CacheNode(change is null ? options : change(options), Time);
        Layout = Value(Node.Layouts.Register(layout ?? OneShard()));
    }

    public CacheNode Node { get; }

    public ManualTime Time { get; } = new();

    public KvLayout Layout { get; }

    public CacheSnapshot Now => Node.Snapshot();

    public static KvLayout OneShard(string model = "m") => KvLayout.Uniform(model, "r", KvType.BFloat16, 1, 1, 64, ChunkTokens);

    /// <summary>Two ranks with half of the heads each; a shard of a whole chunk fills a page.</summary>
    public static KvLayout TwoShards() => new()
    {
        Model = "tp2",
        Revision = "r",
        Type = KvType.BFloat16,
        ChunkTokens = ChunkTokens,
        Groups = [new LayerGroup { Layers = [0], Heads = 2, HeadBytes = 128 }],
        Shards = [new LayoutShard { Layers = 1, Heads = 1, Ranks = [0] },
            new LayoutShard { Layers = 1, FirstHead = 1, Heads = 1, Ranks = [1] }],
    };

    /// <summary>One small arena for every tenant.</summary>
    public static TrustDomainTable OneDomain()
    {
        var host = new HostTier(new HostTierOptions { CapacityBytes = 64 * PageBytes, LockPages = false });
        return new TrustDomainTable(new TrustDomain(host, Store(host), true), []);
    }

    private static ChunkStore Store(HostTier host) =>
        new(host, new LruEviction(), new GhostList(1 << 20), new Admission(AdmissionMode.Always, host.CapacityBytes), new CacheCounters());

    public static T Value<T>(Result<T> result)
    {
        Assert.True(result.Succeeded(out var value, out var error), error?.Message);
        return value;
    }

    public static void Fails<T>(CacheStatus status, string text, Result<T> result)
    {
        Assert.False(result.Succeeded(out _, out var error));
        Assert.Equal(status, error.Status);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    public Session Scheduler(string instance = "engine", string tenant = "default") =>
        Value(Node.Sessions.Open(new SessionRequest(tenant, instance, SessionRole.Scheduler)));

    public Session Rank(int rank, string instance = "engine") =>
        Value(Node.Sessions.Open(new SessionRequest("default", instance, SessionRole.Rank, rank)));

    public Result<LookupAnswer> TryLookup(Session session, string request, uint[] tokens, int align = 0, int computed = 0, string salt = "",
        string adapter = "", KvLayout? layout = null) =>
        Node.Lookups.Lookup(new LookupQuery(session, request, layout ?? Layout, salt, adapter, computed, align), TokenList.Buffer(tokens));

    public LookupAnswer Lookup(Session session, string request, uint[] tokens, int align = 0, string salt = "", string adapter = "",
        KvLayout? layout = null) => Value(TryLookup(session, request, tokens, align, 0, salt, adapter, layout));

    public Result<StoreTransfer> TryOpenStore(Session session, LookupAnswer answer, int shard = 0) =>
        Node.Stores.Open(session, answer.Reservation, shard, Offers(answer));

    public StoreTransfer OpenStore(Session session, LookupAnswer answer, int shard = 0) => Value(TryOpenStore(session, answer, shard));

    /// <summary>Stores every chunk of a reservation; tells what became of the wanted ones.</summary>
    public IReadOnlyList<StoreOutcome> Store(Session session, LookupAnswer answer, uint[] tokens, int shard = 0, string space = "")
    {
        using var transfer = OpenStore(session, answer, shard);
        return [.. transfer.Writes.Select(write => Commit(transfer, write, tokens, shard, space))];
    }

    public static StoreOutcome Commit(StoreTransfer transfer, ChunkWrite write, uint[] tokens, int shard = 0, string space = "")
    {
        var end = (((int)write.Handle - 1) * ChunkTokens) + write.Block.Tokens;
        KvBytes.Of(space, shard, tokens.AsSpan(0, end), write.Block.Payload.Length).CopyTo(write.Block.Payload);
        return transfer.Commit(write, KvBytes.Checksums(write.Block));
    }

    /// <summary>Looks up, stores all and releases.</summary>
    public void Put(Session session, uint[] tokens, string salt = "", KvLayout? layout = null)
    {
        var answer = Lookup(session, "put", tokens, salt: salt, layout: layout);
        Store(session, answer, tokens, space: salt);
        Done(session, answer);
    }

    /// <summary>The hit for these tokens, without keeping a reservation.</summary>
    public int Hit(Session session, uint[] tokens, string salt = "", string adapter = "", KvLayout? layout = null)
    {
        var answer = Lookup(session, "hit", tokens, salt: salt, adapter: adapter, layout: layout);
        Done(session, answer);
        return answer.HitTokens;
    }

    public Result<RetrieveTransfer> TryRetrieve(Session session, ulong reservation, int shard = 0, IReadOnlyList<ulong>? handles = null,
        int first = 0,
        int end = 0) => Node.Retrieves.Open(new RetrieveQuery(session, reservation, shard, handles ?? [], first, end));

    /// <summary>Retrieves the hit and compares every byte with what a store of these tokens wrote.</summary>
    public int Verify(Session session, LookupAnswer answer, uint[] tokens, int shard = 0, string space = "")
    {
        using var transfer = Value(TryRetrieve(session, answer.Reservation, shard));
        foreach (var chunk in transfer.Chunks)
        {
            var end = (chunk.Position * ChunkTokens) + chunk.Block.Tokens;
            Assert.True(end <= tokens.Length, "a chunk reaches beyond the tokens");
            Assert.True(chunk.Block.Payload.Span.SequenceEqual(KvBytes.Of(space, shard, tokens.AsSpan(0, end),
                chunk.Block.Payload.Length)), "wrong bytes");
        }

        return transfer.Chunks.Sum(chunk => chunk.Tokens);
    }

    public ReleaseAnswer Release(Session session, LookupAnswer answer, ReleaseScope scope = ReleaseScope.Done) =>
        Value(Node.Lookups.Release(session, answer.Reservation, scope, null, null));

    public void Done(Session session, LookupAnswer answer) => Assert.True(Release(session, answer).Ended);

    /// <summary>Nothing is out any more.</summary>
    public void AssertIdle()
    {
        var now = Now;
        Assert.Equal((0L, 0, 0L, 0), (now.Leases, now.Reservations, now.ReservedTokens, now.WritingBlocks));
    }

    /// <summary>Nothing is out and nothing is kept.</summary>
    public void AssertEmpty()
    {
        AssertIdle();
        var now = Now;
        Assert.Equal((0L, 0, 0, 0), (now.Chunks, now.Blocks, now.Namespaces, now.Records));
        Assert.Equal((0L, 0L, 0L), (now.UsedBytes, now.AllocatedBytes, now.WastedBytes));
    }

    public void Dispose() => Node.Dispose();

    public static StoreOffer[] Offers(LookupAnswer answer) =>
    [
        .. Enumerable.Range(0, Core.Tokens.ChunkPosition.Count(answer.TotalTokens, answer.ChunkTokens)).Select(position =>
            new StoreOffer((ulong)position + 1, Core.Tokens.ChunkPosition.Tokens(position, answer.TotalTokens, answer.ChunkTokens))),
    ];
}
