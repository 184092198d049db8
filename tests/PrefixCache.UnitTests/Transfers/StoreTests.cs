using PrefixCache.Core.Results;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Transfers;

public sealed class StoreTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Commit_SecondOfTwoWriters_IsADuplicateAndFreesItsBlock()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        using var first = _node.OpenStore(session, answer);
        using var second = _node.OpenStore(session, answer);
        Assert.Equal((6, 6), (_node.Now.WritingBlocks, _node.Now.Blocks));

        Assert.All(first.Writes, write => Assert.Equal(StoreOutcome.Committed, TestNode.Commit(first, write, Tokens)));
        Assert.All(second.Writes, write => Assert.Equal(StoreOutcome.Duplicate, TestNode.Commit(second, write, Tokens)));

        Assert.Equal((0, 3, 3L), (_node.Now.WritingBlocks, _node.Now.Blocks, _node.Now.Chunks));
        Assert.Equal((3, 3), (_node.Node.Counters.ChunksCommitted, _node.Node.Counters.ChunksDuplicate));
        Assert.Equal(40, _node.Verify(session, _node.Lookup(session, "a", Tokens), Tokens));
    }

    [Fact]
    public void Open_StoredAlready_IsPresent()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(32));
        using var transfer = _node.OpenStore(session, _node.Lookup(session, "a", Tokens));

        Assert.Equal([StoreAction.Present, StoreAction.Present, StoreAction.Wanted],
            transfer.Decisions.Select(decision => decision.Action));
        Assert.Equal(3UL, Assert.Single(transfer.Writes).Handle);
    }

    [Fact]
    public void Open_MoreChunksThanAPartHas_WantsAllInOrder()
    {
        var session = _node.Scheduler();
        var tokens = TokenList.Count((50 * 16) + 7);
        using var transfer = _node.OpenStore(session, _node.Lookup(session, "a", tokens));

        Assert.Equal(Enumerable.Range(1, 51).Select(i => new StoreDecision((ulong)i, StoreAction.Wanted)), transfer.Decisions);
        Assert.All(transfer.Writes, write => Assert.Equal(StoreOutcome.Committed, TestNode.Commit(transfer, write, tokens)));
        Assert.Equal(tokens.Length, _node.Hit(session, tokens));
    }

    [Fact]
    public void Dispose_NothingCommitted_LeavesNothing()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);

        var transfer = _node.OpenStore(session, answer);
        transfer.Dispose();
        transfer.Dispose();

        Assert.Equal((0, 0L, 0), (_node.Now.WritingBlocks, _node.Now.UsedBytes, _node.Now.Blocks));
        Assert.Equal(3, _node.Node.Counters.StoresAborted);
        _node.Done(session, answer);
        _node.AssertEmpty();
    }

    [Fact]
    public void Dispose_PartlyCommitted_KeepsWhatWasCommitted()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        using (var transfer = _node.OpenStore(session, answer)) TestNode.Commit(transfer, transfer.Writes[0], Tokens);

        Assert.Equal(16, _node.Verify(session, _node.Lookup(session, "a", Tokens), Tokens));
        Assert.Equal((1, 1L), (_node.Now.Blocks, _node.Now.Chunks));
    }

    [Fact]
    public void Dispose_ParentNeverCame_ChildIsNoHitAndGoesUnderPressure()
    {
        using var node = new TestNode(pages: 2);
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", TokenList.Count(32));
        using (var transfer = node.OpenStore(session, answer)) TestNode.Commit(transfer, transfer.Writes[1], TokenList.Count(32));
        node.Done(session, answer);
        Assert.Equal((0, 1), (node.Hit(session, TokenList.Count(32)), node.Now.Blocks));

        node.Put(session, TokenList.Count(32, first: 100));

        Assert.Equal((32, 2), (node.Hit(session, TokenList.Count(32, first: 100)), node.Now.Blocks));
    }

    [Fact]
    public void Commit_Twice_Throws()
    {
        var session = _node.Scheduler();
        using var transfer = _node.OpenStore(session, _node.Lookup(session, "a", Tokens));
        TestNode.Commit(transfer, transfer.Writes[0], Tokens);

        Assert.Throws<ObjectDisposedException>(() => transfer.Commit(transfer.Writes[0], []));
    }

    [Fact]
    public void Commit_ReservationEndedMeanwhile_StillCounts()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        using var transfer = _node.OpenStore(session, answer);
        _node.Done(session, answer);

        Assert.All(transfer.Writes, write => Assert.Equal(StoreOutcome.Committed, TestNode.Commit(transfer, write, Tokens)));

        Assert.Equal(40, _node.Hit(session, Tokens));
    }

    [Fact]
    public void Open_FewerTokensThanThePosition_StoresAShortChunk()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        using (var transfer = TestNode.Value(_node.Node.Stores.Open(session, answer.Reservation, 0,
            [new StoreOffer(1, 16), new StoreOffer(2, 4)])))
            foreach (var write in transfer.Writes) TestNode.Commit(transfer, write, Tokens);

        Assert.Equal(20, _node.Hit(session, Tokens[..20]));
        Assert.Equal(20, _node.Hit(session, Tokens));
    }

    [Fact]
    public void Open_PredecessorMissing_IsRefused()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);

        using var transfer = TestNode.Value(_node.Node.Stores.Open(session, answer.Reservation, 0,
            [new StoreOffer(2, 16), new StoreOffer(3, 8)]));

        Assert.All(transfer.Decisions, decision => Assert.Equal((StoreAction.Refused, RefusalReason.ParentMissing),
            (decision.Action, decision.Reason)));
        Assert.Empty(transfer.Writes);
    }

    [Fact]
    public void Open_LargerThanTheTier_IsTooLarge()
    {
        using var node = new TestNode(pages: 4, high: 0.5, low: 0.5, layout: Core16Pages());
        var session = node.Scheduler();

        using var transfer = node.OpenStore(session, node.Lookup(session, "a", TokenList.Count(16)));

        Assert.Equal(RefusalReason.TooLarge, Assert.Single(transfer.Decisions).Reason);
        Assert.Equal(1, node.Node.Counters.StoresRefused);
        Assert.Equal(0, node.Now.Blocks);
    }

    [Theory]
    [InlineData("", "offers no chunk")]
    [InlineData("0:1", "Handle 0 is none of this reservation's")]
    [InlineData("4:1", "Handle 4 is none of this reservation's")]
    [InlineData("1:16 1:16", "out of order")]
    [InlineData("2:16 1:16", "out of order")]
    [InlineData("1:0", "0 tokens offered for handle 1, which has 16")]
    [InlineData("1:17", "17 tokens offered for handle 1, which has 16")]
    [InlineData("3:9", "9 tokens offered for handle 3, which has 8")]
    [InlineData("1:15 2:16", "follows a chunk of fewer than 16")]
    public void Open_BadOffers_AreRefused(string offers, string text)
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        var list = offers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(offer => offer.Split(':'))
            .Select(parts => new StoreOffer(ulong.Parse(parts[0], null), int.Parse(parts[1], null))).ToList();

        TestNode.Fails(CacheStatus.InvalidArgument, text, _node.Node.Stores.Open(session, answer.Reservation, 0, list));
        Assert.Equal(0, _node.Now.Blocks);
    }

    [Fact]
    public void Open_UnknownOrForeignReservationOrShard_IsRefused()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);

        TestNode.Fails(CacheStatus.NotFound, "Reservation 77", _node.Node.Stores.Open(session, 77, 0, [new StoreOffer(1, 16)]));
        TestNode.Fails(CacheStatus.NotFound, "has ended", _node.TryOpenStore(_node.Scheduler("other"), answer));
        TestNode.Fails(CacheStatus.InvalidArgument, "shard is 1", _node.TryOpenStore(session, answer, 1));
        TestNode.Fails(CacheStatus.InvalidArgument, "shard is -1", _node.TryOpenStore(session, answer, -1));
        TestNode.Fails(CacheStatus.InvalidArgument, "Rank 3 does not store shard 0", _node.TryOpenStore(_node.Rank(3), answer));
    }

    [Fact]
    public void TwoShards_OneOfThem_IsNoHitUntilTheOtherCame()
    {
        using var node = new TestNode(layout: TestNode.TwoShards());
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", Tokens);

        node.Store(session, answer, Tokens, shard: 0);
        Assert.Equal((0, 0L, 3), (node.Hit(session, Tokens), node.Now.Chunks, node.Now.Blocks));

        node.Store(session, answer, Tokens, shard: 1);
        var hit = node.Lookup(session, "b", Tokens);
        Assert.Equal((40, 3L, 6), (hit.HitTokens, node.Now.Chunks, node.Now.Blocks));
        Assert.Equal(40, node.Verify(session, hit, Tokens, shard: 0));
        Assert.Equal(40, node.Verify(session, hit, Tokens, shard: 1));
    }

    [Fact]
    public void TwoShards_SecondAborted_KeepsTheFirstForALaterTry()
    {
        using var node = new TestNode(layout: TestNode.TwoShards());
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", Tokens);
        node.Store(session, answer, Tokens, shard: 0);
        node.OpenStore(session, answer, 1).Dispose();

        using (var again = node.OpenStore(session, answer, 0)) Assert.Empty(again.Writes);
        node.Store(session, answer, Tokens, shard: 1);

        Assert.Equal(40, node.Hit(session, Tokens));
    }

    /// <summary>A chunk of 16 pages.</summary>
    private static Format.Layouts.KvLayout Core16Pages() =>
        Format.Layouts.KvLayout.Uniform("large", "r", Format.Layouts.KvType.BFloat16, 16, 1, 64, TestNode.ChunkTokens);
}
