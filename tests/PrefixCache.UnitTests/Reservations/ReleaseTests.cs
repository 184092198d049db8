using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Reservations;

/// <summary>One scheduler and two ranks with a shard each.</summary>
public sealed class ReleaseTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    private readonly TestNode _node = new(layout: TestNode.TwoShards());
    private readonly Session _scheduler;
    private readonly Session _rank0;
    private readonly Session _rank1;

    public ReleaseTests()
    {
        _scheduler = _node.Scheduler();
        (_rank0, _rank1) = (_node.Rank(0), _node.Rank(1));
        var answer = _node.Lookup(_scheduler, "fill", Tokens);
        _node.Store(_rank0, answer, Tokens, shard: 0);
        _node.Store(_rank1, answer, Tokens, shard: 1);
        _node.Done(_scheduler, answer);
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Loaded_ByEveryRank_EndsTheLeasesAndKeepsTheReservation()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        Assert.False(_node.Release(_rank0, answer, ReleaseScope.Loaded).Ended);
        Assert.Equal(3, _node.Now.Leases);
        Assert.Equal(new ReleaseAnswer(Held: true, Ended: false), _node.Release(_rank1, answer, ReleaseScope.Loaded));
        Assert.Equal((0, 1), (_node.Now.Leases, _node.Now.Reservations));

        using var transfer = _node.OpenStore(_rank0, answer);
        Assert.All(transfer.Decisions, decision => Assert.Equal(StoreAction.Present, decision.Action));
    }

    [Fact]
    public void Loaded_ByOneRankTwice_DoesNotStandForTheOther()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        _node.Release(_rank0, answer, ReleaseScope.Loaded);
        _node.Release(_rank0, answer, ReleaseScope.Loaded);

        Assert.Equal(3, _node.Now.Leases);
    }

    [Fact]
    public void Loaded_ByTheScheduler_EndsTheLeases()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        Assert.False(_node.Release(_scheduler, answer, ReleaseScope.Loaded).Ended);

        Assert.Equal((0, 1), (_node.Now.Leases, _node.Now.Reservations));
    }

    [Fact]
    public void Loaded_AfterALookupTookLeasesAgain_WaitsForEveryRankAgain()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);
        _node.Release(_rank0, answer, ReleaseScope.Loaded);
        _node.Release(_rank1, answer, ReleaseScope.Loaded);
        answer = _node.Lookup(_scheduler, "a", Tokens);

        _node.Release(_rank0, answer, ReleaseScope.Loaded);

        Assert.Equal(3, _node.Now.Leases);
        Assert.Equal(40, _node.Verify(_rank1, answer, Tokens, shard: 1));
        _node.Release(_rank1, answer, ReleaseScope.Loaded);
        Assert.Equal(0, _node.Now.Leases);
    }

    [Fact]
    public void Loaded_BeforeTheHitGrew_DoesNotCountForWhatGrew()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens[..16]);
        _node.Release(_rank0, answer, ReleaseScope.Loaded);
        answer = _node.Lookup(_scheduler, "a", Tokens);

        _node.Release(_rank1, answer, ReleaseScope.Loaded);

        Assert.Equal(40, _node.Verify(_rank0, answer, Tokens));
    }

    [Fact]
    public void Loaded_LookupRepeatedInBetween_CountsOn()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);
        _node.Release(_rank0, answer, ReleaseScope.Loaded);
        answer = _node.Lookup(_scheduler, "a", Tokens);

        _node.Release(_rank1, answer, ReleaseScope.Loaded);

        Assert.Equal(0, _node.Now.Leases);
    }

    [Fact]
    public void Done_ByEveryRank_EndsTheReservation()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        Assert.False(_node.Release(_rank1, answer).Ended);
        Assert.True(_node.Release(_rank0, answer).Ended);

        _node.AssertIdle();
        TestNode.Fails(CacheStatus.NotFound, "has ended",
            _node.Node.Lookups.Release(_rank0, answer.Reservation, ReleaseScope.Done, null, null));
    }

    [Fact]
    public void Done_ByTheScheduler_EndsTheReservationAtOnce()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        Assert.True(_node.Release(_scheduler, answer).Ended);

        _node.AssertIdle();
    }

    [Fact]
    public void Done_ByARankThatHoldsNoShard_EndsNothing()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        Assert.False(_node.Release(_node.Rank(7), answer).Ended);

        Assert.Equal((3, 1), (_node.Now.Leases, _node.Now.Reservations));
    }

    [Fact]
    public void RankEnds_OthersAreDone_EndsTheReservation()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);
        _node.Release(_rank1, answer);

        _node.Node.Sessions.End(_rank0);

        _node.AssertIdle();
    }

    [Fact]
    public void RankEnds_OthersGoOn()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);

        _node.Node.Sessions.End(_rank0);

        Assert.Equal(40, _node.Verify(_rank1, answer, Tokens, shard: 1));
        Assert.True(_node.Release(_rank1, answer).Ended);
        _node.AssertIdle();
    }

    [Fact]
    public void RankEndsInsideAStore_OnlyItsShardIsMissing()
    {
        var other = TokenList.Count(16, first: 500);
        var answer = _node.Lookup(_scheduler, "a", other);
        var broken = _node.OpenStore(_rank0, answer);
        _node.Node.Sessions.End(_rank0);
        broken.Dispose();

        Assert.Equal([StoreOutcome.Committed], _node.Store(_rank1, answer, other, shard: 1));

        Assert.Equal(0, _node.Now.WritingBlocks);
        Assert.Equal(0, _node.Lookup(_scheduler, "b", other).HitTokens);
    }

    [Fact]
    public void SchedulerEnds_WithTransfersInFlight_FreesEverything()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);
        var writing = _node.OpenStore(_rank1, _node.Lookup(_scheduler, "b", TokenList.Count(20, first: 900)), shard: 1);
        var reading = TestNode.Value(_node.TryRetrieve(_rank0, answer.Reservation));

        _node.Node.Sessions.End(_scheduler);

        Assert.All([_scheduler.Ended, reading.OwnerEnded, writing.OwnerEnded], token => Assert.True(token.IsCancellationRequested));
        Assert.Equal(0, _node.Now.Reservations);
        Assert.Equal(3, _node.Now.Leases);
        writing.Dispose();
        reading.Dispose();
        _node.AssertIdle();
        TestNode.Fails(CacheStatus.NotFound, "unknown or has ended", _node.TryRetrieve(_rank0, answer.Reservation));
    }

    [Fact]
    public void Reports_AreCounted()
    {
        var answer = _node.Lookup(_scheduler, "a", Tokens);
        var lookups = _node.Node.Lookups;

        lookups.Release(_rank0, answer.Reservation, ReleaseScope.Loaded,
            new LoadReport(30, 1000, TimeSpan.FromMilliseconds(2), Failed: false), null);
        lookups.Release(_rank1, answer.Reservation, ReleaseScope.Loaded,
            new LoadReport(40, 1000, TimeSpan.FromMilliseconds(1), Failed: true), null);
        lookups.Release(_rank0, answer.Reservation, ReleaseScope.Done, null, new ComputeReport(30, 10, TimeSpan.FromMilliseconds(5)));

        var counters = _node.Node.Counters;
        Assert.Equal((30, 3_000_000, 10, 5_000_000),
            (counters.TokensLoaded, counters.LoadNanoseconds, counters.TokensComputed, counters.ComputeNanoseconds));
    }
}
