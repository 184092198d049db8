using PrefixCache.Core.Index;
using PrefixCache.Core.Replay;

namespace PrefixCache.UnitTests.Replay;

/// <summary>A simulated node does what a real one does.</summary>
public class ReplayNodeTests
{
    [Theory]
    [InlineData(11, 6, AdmissionMode.Always)]
    [InlineData(12, 12, AdmissionMode.Always)]
    [InlineData(13, 40, AdmissionMode.Always)]
    [InlineData(14, 20, AdmissionMode.OnReuse)]
    [InlineData(15, 20, AdmissionMode.Adaptive)]
    public void Run_OfTokens_HitsWhatARealNodeHits(int seed, int capacity, AdmissionMode admission)
    {
        var requests = RandomTraces.Requests(seed, 150, outputs: false);

        // A block of a chunk, however short, fills a page. Branch points are made in the background: without runs there are none.
        using var node = new TestNode(capacity, change: options => options with { Admission = admission, MinPartialTokens = 0, Eviction = "lru" });
        var session = node.Scheduler();
        foreach (var (prompt, _) in requests) node.Put(session, prompt);
        var result = Run(new ReplayWorkload(TraceText.OfTokens(requests)), new ReplaySetup
        {
            Capacity = ReplayCapacity.Blocks(capacity),
            ChunkTokens = TestNode.ChunkTokens,
            Admission = admission,
            MinPartialTokens = 0,
        });
        var counters = node.Node.Counters;
        Assert.True(counters.TokensHit > 0, "No request hit anything.");
        Assert.Equal((counters.TokensAsked, counters.TokensHit, counters.ChunksEvicted),
            (result.TotalTokens, result.HitTokens, result.Evictions));
    }

    [Fact]
    public void Run_OfTokens_HitsRunsWithinAChunk()
    {
        uint[] shared = [.. TokenList.Count(40)];
        var trace = TraceText.OfTokens([([.. shared, .. TokenList.Count(8, first: 100)], []), ([.. shared, .. TokenList.Count(8, first: 200)], [])]);
        var setup = new ReplaySetup { ChunkTokens = 32, MinPartialTokens = 4 };
        var workload = new ReplayWorkload(trace);
        Assert.Equal((40L, 1L), Hits(Run(workload, setup)));
        Assert.Equal((32L, 1L), Hits(Run(workload, setup with { MinPartialTokens = 16 })));
        Assert.Equal((32L, 1L), Hits(Run(workload, setup with { Mode = ReplayMode.Full })));
        Assert.Equal((32L, 1L), Hits(Run(workload, setup with { Policy = ReplayPolicies.FlatLru })));
    }

    [Fact]
    public void Run_OfPromptsThatRepeatAnAnswer_HitsTheAnswer()
    {
        var (prompt, answer) = (TokenList.Count(32), TokenList.Count(32, first: 500));
        var workload = new ReplayWorkload(TraceText.OfTokens([(prompt, answer), ([.. prompt, .. answer], [])]));
        foreach (var policy in ReplayPolicies.Names)
            Assert.Equal((64L, 4L), Hits(Run(workload, new ReplaySetup { Policy = policy, ChunkTokens = 16 })));
    }

    [Fact]
    public void Run_OfTwoNamespaces_SharesNothing()
    {
        const string Trace = """
            {"tokens": [1, 2, 3], "salt": "a"}
            {"tokens": [1, 2, 3], "salt": "b"}
            {"tokens": [1, 2, 3], "namespace": "a"}
            {"tokens": [1, 2, 3], "salt": "b"}
            """;
        foreach (var policy in ReplayPolicies.Names)
            Assert.Equal((3L, 1L), Hits(Run(new ReplayWorkload(TraceText.Load(Trace)), new ReplaySetup { Policy = policy })));
    }

    [Theory]
    [InlineData("lru")]
    [InlineData("lru-flat")]
    public void Run_WithACapacityInBytes_HoldsSoManyBlocks(string policy)
    {
        var setup = new ReplaySetup { Policy = policy, BytesPerToken = 4096, Mode = ReplayMode.Full };
        var blocks = Run(Golden.Workload, setup with { Capacity = ReplayCapacity.Blocks(5000) });
        var bytes = Run(Golden.Workload, setup with { Capacity = ReplayCapacity.Bytes(5000L * 512 * 4096) });
        Assert.Equal((blocks.HitTokens, blocks.Evictions, 5000L * 512), (bytes.HitTokens, bytes.Evictions, bytes.PeakTokens));
    }

    [Fact]
    public void Run_WithACapacityInBytes_CountsShortChunksAsTheyAre()
    {
        var setup = new ReplaySetup { BytesPerToken = 4096, Capacity = ReplayCapacity.Bytes(5000L * 512 * 4096) };
        var result = Run(Golden.Workload, setup);
        Assert.InRange(result.PeakTokens, (5000 * 512) - 512, 5000 * 512);
    }

    [Fact]
    public void Run_OverSeveralNodes_StickyKeepsConversationsTogether()
    {
        var setup = new ReplaySetup { Capacity = ReplayCapacity.Unlimited, Nodes = 4 };
        var (one, turns, sticky) = (Run(Golden.Workload, setup with { Nodes = 1 }), Run(Golden.Workload, setup),
            Run(Golden.Workload, setup with { Routing = ReplayRouting.Sticky }));
        Assert.InRange(turns.HitTokens, 1, sticky.HitTokens);
        Assert.InRange(sticky.HitTokens, one.HitTokens * 9 / 10, one.HitTokens);
    }

    [Fact]
    public void Run_AdmittedOnReuse_StoresTheSecondTime()
    {
        var prompt = TokenList.Count(32);
        var workload = new ReplayWorkload(TraceText.OfTokens([(prompt, []), (prompt, []), (prompt, [])]));
        var setup = new ReplaySetup { ChunkTokens = 16, Admission = AdmissionMode.OnReuse };
        Assert.Equal((32L, 32L), (Run(workload, setup).HitTokens, Run(workload, setup).StoredTokens));
        Assert.Equal(64L, Run(workload, setup with { Admission = AdmissionMode.Always }).HitTokens);
    }

    private static (long Tokens, long Blocks) Hits(ReplayResult result) => (result.HitTokens, result.HitBlocks);

    private static ReplayResult Run(ReplayWorkload workload, ReplaySetup setup) =>
        ReplayDriver.Run(workload, setup, null, TestContext.Current.CancellationToken);
}
