using PrefixCache.Core.Blocks;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Index;
using PrefixCache.Core.Memory;
using PrefixCache.Core.Replay;
using PrefixCache.Core.Statistics;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>An index and a store over memory that only counts, under one policy; a chunk is one token and takes one place.</summary>
internal sealed class PolicyModel : IDisposable
{
    private readonly CountingTier _tier;
    private readonly ChunkStore _store;
    private readonly NamespaceTree _tree;
    private readonly CacheCounters _counters = new();
    private readonly Queue<List<ChunkNode>> _held = [];
    private ulong _requests;

    public PolicyModel(IEvictionPolicy policy, int capacity, int ghosts = 1000)
    {
        var block = new SizeClass(256, 2, 2).Bytes;
        _tier = new CountingTier(capacity * block, block, 0);
        var list = new GhostList(ghosts * (2L + GhostList.OverheadTokens));
        _store = new ChunkStore(_tier, policy, list, new Admission(AdmissionMode.Always, capacity * block), _counters);
        var layout = new KvLayout
        {
            Model = "policy",
            Revision = "",
            Type = KvType.BFloat16,
            ChunkTokens = 2,
            Groups = [new LayerGroup { Layers = [0], Planes = 1, Heads = 1, HeadBytes = 256 }],
            Shards = [new LayoutShard { Layers = 1 }],
        };
        _tree = new NamespaceTree(null, _store, new NamespaceKey("", "", "", default), layout, 0);
    }

    public long Chunks => _store.Chunks;

    /// <summary>Looks a prompt up and stores what is missing; the hit stays leased until so many more are served.</summary>
    /// <returns>Chunks that were there.</returns>
    public int Serve(IReadOnlyList<uint> chunks, int holdFor = 0)
    {
        using var tokens = TokenList.Buffer([.. chunks.SelectMany(chunk => new[] { chunk, 0u })]);
        var path = new List<ChunkNode>();
        _tree.Walk(path, tokens);
        foreach (var node in path) _store.Lease(node);
        _held.Enqueue(path);
        _store.Used(path);
        Store(tokens, chunks.Count);
        while (_held.Count > holdFor) Release(_held.Dequeue());
        return path.Count;
    }

    public void Dispose()
    {
        while (_held.TryDequeue(out var path)) Release(path);
        _tier.Dispose();
    }

    private void Store(TokenBuffer tokens, int count)
    {
        var lengths = Enumerable.Repeat(2, count).ToArray();
        var taker = new StoreTaker(_tree, 0, new ChunkChain(tokens, 2, lengths), ++_requests, _counters);
        for (var position = 0; position < count; position++) taker.Decide(new StoreOffer(ChunkPosition.Handle(position), 2));
        foreach (var write in taker.Writes) _store.TryAttach(write.Node, 0, write.Block, []);
    }

    private void Release(List<ChunkNode> path)
    {
        foreach (var node in path) _store.Unlease(node);
    }
}
