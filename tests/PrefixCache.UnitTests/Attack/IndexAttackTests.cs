using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Attack;

/// <summary>What callers may do to the index: offers with gaps, lookups that ask for less than before, tails where no run is a
/// hit.</summary>
public class IndexAttackTests
{
    [Fact]
    public void Open_OffersWithAGapThatAreNotAdmitted_AreNotRememberedBehindAnotherChunk()
    {
        using var node = new TestNode(change: options => options with { Admission = AdmissionMode.OnReuse });
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", TokenList.Count(48));
        using (TestNode.Value(node.Node.Stores.Open(session, answer.Reservation, 0, [new StoreOffer(1, 16), new StoreOffer(3, 16)])))
            Assert.Equal(1, node.Now.Ghosts);
        node.Done(session, answer);

        // Its first chunk, and behind it the third one.
        var other = node.Lookup(session, "b", [.. TokenList.Count(16), .. TokenList.Count(16, first: 32)]);
        Assert.Equal([MissReason.Policy, MissReason.NeverSeen], other.Misses.Select(miss => miss.Reason));
        node.Done(session, other);
    }

    [Fact]
    public void Lookup_RepeatedWithFewerTokens_CountsNoMissTwiceNorBackwards()
    {
        using var node = new TestNode(pages: 4);
        var session = node.Scheduler();
        var tokens = TokenList.Count(80);
        node.Put(session, TokenList.Count(48));
        node.Put(session, TokenList.Count(64, first: 9000));
        var answer = node.Lookup(session, "a", tokens);
        using var transfer = TestNode.Value(node.Node.Stores.Open(session, answer.Reservation, 0, [new StoreOffer(1, 16)]));
        var before = Missed(node);

        var again = node.Lookup(session, "a", TokenList.Count(8));

        Assert.Equal(0, again.HitTokens);
        Assert.Equal(before + 8, Missed(node));
    }

    [Fact]
    public void Put_LongerChunkWhereNoPartOfOneIsAHit_LeavesTheShortOne()
    {
        using var node = new TestNode(change: options => options with { MinPartialTokens = 0 });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(24));
        Assert.Equal(24, node.Hit(session, TokenList.Count(24)));
        node.Put(session, TokenList.Count(32));
        Assert.Equal(24, node.Hit(session, TokenList.Count(24)));

        // And the other way round: what is not a hit is not present.
        node.Put(session, TokenList.Count(32, first: 500));
        node.Put(session, TokenList.Count(24, first: 500));
        Assert.Equal(24, node.Hit(session, TokenList.Count(24, first: 500)));
    }

    [Fact]
    public void Open_RankThatCannotCutAfterOneThatCan_IsNeverToldTo()
    {
        using var node = new TestNode(
            layout: TestNode.TwoShards(), change: options => options with { Admission = AdmissionMode.OnReuse, MinPartialTokens = 4 });
        var scheduler = node.Scheduler();
        node.Put(scheduler, TokenList.Count(16));
        var old = TestNode.Value(
            node.Node.Sessions.Open(new SessionRequest("default", "engine", SessionRole.Rank, 1, TakesCuts: false)));
        uint[] tokens = [.. TokenList.Count(8), .. TokenList.Count(8, first: 100)];
        var answer = node.Lookup(scheduler, "a", tokens);

        using var cut = node.OpenStore(scheduler, answer, 0);
        using var refused = node.OpenStore(old, answer, 1);

        Assert.Equal((StoreAction.Wanted, 8), (cut.Decisions[0].Action, cut.Decisions[0].Tokens));
        Assert.Equal((StoreAction.Refused, RefusalReason.NotReused), (refused.Decisions[0].Action, refused.Decisions[0].Reason));
    }

    [Fact]
    public void Open_SharedRunOfTheFirstChunkByTwoRanks_IsTakenFromBoth()
    {
        using var node = new TestNode(
            layout: TestNode.TwoShards(), change: options => options with { Admission = AdmissionMode.OnReuse, MinPartialTokens = 4 });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(16));
        uint[] tokens = [.. TokenList.Count(8), .. TokenList.Count(8, first: 100)];
        var answer = node.Lookup(session, "a", tokens);

        for (var shard = 0; shard < 2; shard++) Assert.Single(node.Store(session, answer, tokens, shard));

        node.Done(session, answer);
        Assert.Equal(8, node.Hit(session, tokens));
        node.AssertIdle();
    }

    [Fact]
    public void Open_ChunksFullOfItems_AreRememberedWithinTheBound()
    {
        var layout = KvLayout.Uniform("items", "r", KvType.BFloat16, 1, 1, 4, 256);
        using var node = new TestNode(
            layout: layout, change: options => options with { Admission = AdmissionMode.OnReuse, MaxGhostTokens = 32_000 });
        var session = node.Scheduler();
        for (uint prompt = 0; prompt < 50; prompt++)
        {
            MultimodalItem[] items = [.. Enumerable.Range(0, 256).Select(i => new MultimodalItem(i, [.. Enumerable.Repeat((byte)prompt, 64)]))];
            var tokens = new TokenBuffer(256, items);
            tokens.Memory.Span.Fill((byte)prompt);
            var answer = TestNode.Value(node.Node.Lookups.Lookup(new LookupQuery(session, "a", node.Layout, "", "", 0, 0), tokens));
            node.OpenStore(session, answer).Dispose();
            node.Done(session, answer);
        }

        Assert.InRange(node.Now.Ghosts, 1, 4);
    }

    private static long Missed(TestNode node) => Enum.GetValues<MissReason>().Sum(node.Node.Counters.MissedFor);
}
