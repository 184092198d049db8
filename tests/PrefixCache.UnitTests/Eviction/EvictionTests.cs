using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Eviction;

public class EvictionTests
{
    [Fact]
    public void Store_TierFull_EvictsTheLeastRecentlyUsedLeafFirst()
    {
        using var node = new TestNode(pages: 4, change: options => options with { Eviction = "lru" });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(32));
        node.Put(session, TokenList.Count(32, first: 100));
        Assert.Equal(32, node.Hit(session, TokenList.Count(32)));

        node.Put(session, TokenList.Count(16, first: 200));
        Assert.Equal((32, 16), (node.Hit(session, TokenList.Count(32)), node.Hit(session, TokenList.Count(32, first: 100))));

        node.Put(session, TokenList.Count(16, first: 300));
        Assert.Equal((0, 16), (node.Hit(session, TokenList.Count(16, first: 200)), node.Hit(session, TokenList.Count(32, first: 100))));

        node.Put(session, TokenList.Count(16, first: 400));
        Assert.Equal((16, 16), (node.Hit(session, TokenList.Count(32)), node.Hit(session, TokenList.Count(32, first: 100))));
        Assert.Equal(3, node.Node.Counters.ChunksEvicted);
    }

    [Fact]
    public void Store_EverythingLeased_IsRefusedAndNothingGoes()
    {
        using var node = new TestNode(pages: 2);
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(32));
        var leased = node.Lookup(session, "held", TokenList.Count(32));
        var answer = node.Lookup(session, "a", TokenList.Count(40, first: 100));

        using (var transfer = node.OpenStore(session, answer))
            Assert.All(transfer.Decisions,
                decision => Assert.Equal((StoreAction.Refused, RefusalReason.NoMemory), (decision.Action, decision.Reason)));

        Assert.Equal((2, 0L, 3L), (node.Now.Blocks, node.Node.Counters.ChunksEvicted, node.Node.Counters.StoresRefused));
        Assert.Equal(32, node.Verify(session, leased, TokenList.Count(32)));
        node.Done(session, leased);
        Assert.Equal(2, node.Store(session, answer, TokenList.Count(40, first: 100)).Count);
    }

    [Fact]
    public void Store_NoRoomEvenIfAllElseWent_EvictsNothing()
    {
        using var node = new TestNode(pages: 4);
        var session = node.Scheduler();
        var large = TestNode.Value(node.Node.Layouts.Register(KvLayout.Uniform("two pages", "r", KvType.BFloat16, 1, 2, 64,
            TestNode.ChunkTokens)));
        node.Put(session, TokenList.Count(32));
        node.Put(session, TokenList.Count(16, first: 100));
        var leased = node.Lookup(session, "held", TokenList.Count(32));
        using var writing = node.OpenStore(session, node.Lookup(session, "b", TokenList.Count(16, first: 200)));

        using (var refused = node.OpenStore(session, node.Lookup(session, "a", TokenList.Count(16), layout: large)))
            Assert.Equal(RefusalReason.NoMemory, Assert.Single(refused.Decisions).Reason);

        Assert.Equal((16, 0L), (node.Hit(session, TokenList.Count(16, first: 100)), node.Node.Counters.ChunksEvicted));
        node.Done(session, leased);
        using var taken = node.OpenStore(session, node.Lookup(session, "a", TokenList.Count(16), layout: large));
        Assert.Single(taken.Writes);
    }

    [Fact]
    public void Store_BlocksBeingWritten_StayAndTheRestIsRefused()
    {
        using var node = new TestNode(pages: 2);
        var session = node.Scheduler();
        var tokens = TokenList.Count(64);
        using var transfer = node.OpenStore(session, node.Lookup(session, "a", tokens));

        Assert.Equal([StoreAction.Wanted, StoreAction.Wanted, StoreAction.Refused, StoreAction.Refused],
            transfer.Decisions.Select(decision => decision.Action));
        Assert.All(transfer.Writes, write => Assert.Equal(StoreOutcome.Committed, TestNode.Commit(transfer, write, tokens)));
        Assert.Equal(32, node.Hit(session, tokens));
    }

    [Fact]
    public void Store_LeasedLeafAndItsAncestors_OutliveAnythingElse()
    {
        using var node = new TestNode(pages: 4);
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(48));
        using var reading = TestNode.Value(node.TryRetrieve(session, node.Lookup(session, "held", TokenList.Count(48)).Reservation, 0,
            [3]));
        node.Release(session, node.Lookup(session, "held", TokenList.Count(48)));

        for (uint i = 1; i <= 5; i++) node.Put(session, TokenList.Count(16, first: i * 100));

        Assert.Equal(48, node.Hit(session, TokenList.Count(48)));
        Assert.Equal(4, node.Node.Counters.ChunksEvicted);
    }

    [Fact]
    public void Store_OverTheHighWatermark_EvictsDownToTheLow()
    {
        using var node = new TestNode(pages: 10, high: 0.8, low: 0.5);
        var session = node.Scheduler();
        for (uint i = 0; i < 8; i++) node.Put(session, TokenList.Count(16, first: i * 100));
        Assert.Equal((8, 0L), (node.Now.Blocks, node.Node.Counters.ChunksEvicted));

        node.Put(session, TokenList.Count(16, first: 5000));

        Assert.Equal((5, 4L), (node.Now.Blocks, node.Node.Counters.ChunksEvicted));
        Assert.Equal((0, 16), (node.Hit(session, TokenList.Count(16, first: 300)), node.Hit(session, TokenList.Count(16, first: 400))));
    }

    [Fact]
    public void Store_TheSequenceItself_NeverEvictsItsOwnPrefix()
    {
        using var node = new TestNode(pages: 3);
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(48));

        var longer = node.Lookup(session, "a", TokenList.Count(64));
        node.Release(session, longer, Core.Reservations.ReleaseScope.Loaded);
        using var transfer = node.OpenStore(session, longer);

        Assert.Equal([StoreAction.Present, StoreAction.Present, StoreAction.Present, StoreAction.Refused],
            transfer.Decisions.Select(decision => decision.Action));
        Assert.Equal(48, node.Hit(session, TokenList.Count(48)));
    }

    [Fact]
    public void Evict_LastChunkOfANamespace_ForgetsTheNamespace()
    {
        using var node = new TestNode(pages: 1, change: options => options with { MaxGhostTokens = 0 });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(16), salt: "a");

        node.Put(session, TokenList.Count(16), salt: "b");

        Assert.Equal((1, 1), (node.Now.Namespaces, node.Now.Blocks));
        Assert.Equal((0, 16), (node.Hit(session, TokenList.Count(16), salt: "a"), node.Hit(session, TokenList.Count(16), salt: "b")));
    }
}
