using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Claims;

public sealed class ClaimTests : IDisposable
{
    private readonly ClaimBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Claim_ColdPrompt_GrantsAllOfIt()
    {
        var answer = _bench.Ask("a", ClaimBench.Prompt(1));

        var claim = _bench.Claim(answer);

        Assert.Equal(new ClaimAnswer(ClaimOutcome.Granted, 0, 1200, 0, TimeSpan.FromSeconds(10), NodeOnly: true), claim);
        Assert.Equal((1, 0), _bench.Now);
        Assert.Equal(4 * 256, _bench.Node.Counters.TokensHashed);
    }

    [Fact]
    public void Claim_OfASessionThatNeverStores_HoldsNobodyUp()
    {
        var reader = TestNode.Value(
            _bench.Node.Sessions.Open(new SessionRequest("default", "reader", SessionRole.Scheduler, IsReadOnly: true)));
        var read = _bench.Ask("a", ClaimBench.Prompt(1), session: reader);
        Assert.Equal(ClaimOutcome.Nothing, _bench.Claim(read, session: reader).Outcome);
        Assert.Equal(ClaimOutcome.Granted, _bench.Claim(_bench.Ask("b", ClaimBench.Prompt(2))).Outcome);
        Assert.Equal(ClaimOutcome.Pending, _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1), session: reader), session: reader).Outcome);
    }

    [Fact]
    public void Claim_OtherNoteBehindTheSamePrefix_IsPendingToTheToken()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));

        var second = _bench.Ask("b", ClaimBench.Prompt(2));
        Assert.Equal((0, 900), (second.HitTokens, second.PendingTokens));
        Assert.Equal([new MissRun(0, MissReason.Pending), new MissRun(4, MissReason.NeverSeen)], second.Misses);
        Assert.Equal(new ClaimAnswer(ClaimOutcome.Pending, PendingTokens: 900), _bench.Claim(second));
        Assert.Equal((1, 1), _bench.Now);
        Assert.Equal((1L, 1L), (_bench.Node.Counters.ClaimsGranted, _bench.Node.Counters.ClaimsWaited));
    }

    [Fact]
    public void Claim_ByWhoHasIt_IsGrantedStillAndLasts()
    {
        var answer = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(answer);
        for (var i = 0; i < 5; i++)
        {
            _bench.Test.Time.Advance(TimeSpan.FromSeconds(6));
            Assert.Equal(ClaimOutcome.Granted, _bench.Claim(answer).Outcome);
        }

        Assert.Equal(1, _bench.Node.Counters.ClaimsGranted);
        Assert.Equal((0, 1200), (_bench.Ask("a", ClaimBench.Prompt(1)).PendingTokens, _bench.Claim(answer).EndToken));
    }

    [Fact]
    public void Claim_Stored_ShrinksAndCompletes()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        for (var stored = 0; stored < 4; stored++)
        {
            Assert.Equal((stored * 256, stored < 4 ? 900 : 0), Progress(_bench.Ask($"b{stored}", ClaimBench.Prompt(2))));
            Assert.Equal(stored * 256, _bench.Claim(first).FirstToken);
            _bench.Store(first, stored, 1);
        }

        Assert.Equal((900, 900), Progress(_bench.Ask("c", ClaimBench.Prompt(2))));
        Assert.Equal((1, 0L), (_bench.Now.Active, Ended(ClaimEnd.Completed)));
        _bench.Store(first, 4, 1);
        Assert.Equal((0, 1L), (_bench.Now.Active, Ended(ClaimEnd.Completed)));
        Assert.Equal(ClaimOutcome.Hit, _bench.Claim(first).Outcome);
        Assert.Equal(1200, _bench.Ask("a", ClaimBench.Prompt(1)).HitTokens);
        Assert.Equal(ClaimOutcome.Nothing, _bench.Claim(first).Outcome);
    }

    [Fact]
    public void Claim_BehindAPartialHit_BeginsAtTheHitAndMeetsWhoSharesMore()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Store(first, 0, 5);

        var second = _bench.Ask("b", ClaimBench.Prompt(2));
        Assert.Equal(900, second.HitTokens);
        Assert.Equal((900, 1200), (_bench.Claim(second).FirstToken, _bench.Claim(second).EndToken));

        // Another note: nothing behind the hit is alike.
        var third = _bench.Ask("c", ClaimBench.Prompt(3));
        Assert.Equal((900, 900), Progress(third));
        Assert.Equal(ClaimOutcome.Granted, _bench.Claim(third).Outcome);

        // The same note as the second's, and longer.
        var fourth = _bench.Ask("d", [.. ClaimBench.Prompt(2), .. TokenList.Count(100, first: 9_000_000)]);
        Assert.Equal((900, 1200), Progress(fourth));
        Assert.Equal(2, _bench.Now.Active);
    }

    [Theory]
    [InlineData(15, 0)]
    [InlineData(16, 16)]
    [InlineData(256 + 15, 256)]
    [InlineData(256 + 16, 256 + 16)]
    public void Lookup_ShortCommonRun_IsPendingOnlyWhereItWillBeAHit(int common, int pending)
    {
        _bench.Claim(_bench.Ask("a", TokenList.Count(900)));

        var other = _bench.Ask("b", [.. TokenList.Count(common), .. TokenList.Count(300, first: 500_000)]);

        Assert.Equal(pending, other.PendingTokens);
    }

    [Fact]
    public void Lookup_WholeChunksAlone_IsPendingByChunks()
    {
        using var bench = new ClaimBench(options => options with { MinPartialTokens = 0 });
        bench.Claim(bench.Ask("a", ClaimBench.Prompt(1)));

        Assert.Equal(768, bench.Ask("b", ClaimBench.Prompt(2)).PendingTokens);
        Assert.Equal(0, bench.Ask("c", [.. TokenList.Count(200), .. TokenList.Count(900, first: 70_000)]).PendingTokens);
    }

    [Fact]
    public void Lookup_Aligned_IsPendingInBlocks()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        Assert.Equal(896, _bench.Ask("b", ClaimBench.Prompt(2), align: 16).PendingTokens);
    }

    [Fact]
    public void Claim_WithAStoreLimit_EndsThere()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1), storeLimit: 900);

        Assert.Equal(900, _bench.Claim(first).EndToken);
        Assert.Equal(900, _bench.Ask("b", ClaimBench.Prompt(1)).PendingTokens);
        var none = _bench.Ask("c", TokenList.Count(500, first: 3_000_000), storeLimit: 0);
        Assert.Equal(ClaimOutcome.Nothing, _bench.Claim(none).Outcome);
    }

    [Fact]
    public void Claim_AfterTheHitGrew_SaysHit()
    {
        var late = _bench.Ask("late", ClaimBench.Prompt(2));
        _bench.Store(_bench.Ask("a", ClaimBench.Prompt(1)), 0, 5);

        Assert.Equal(ClaimOutcome.Hit, _bench.Claim(late).Outcome);
        Assert.Equal(900, _bench.Ask("late", ClaimBench.Prompt(2)).HitTokens);
        Assert.Equal(ClaimOutcome.Granted, _bench.Claim(late).Outcome);
    }

    [Fact]
    public void Claim_AfterItsHitsLeasesEnded_BeginsAtTheHit()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Store(first, 0, 5);
        var second = _bench.Ask("b", ClaimBench.Prompt(2));
        _bench.Test.Release(_bench.Session, second, ReleaseScope.Loaded);

        Assert.Equal((900, 1200), (_bench.Claim(second).FirstToken, _bench.Claim(second).EndToken));
    }

    [Fact]
    public void Claim_ByARankOrOfAnUnknownReservation_IsRefused()
    {
        var answer = _bench.Ask("a", ClaimBench.Prompt(1));

        TestNode.Fails(CacheStatus.InvalidArgument, "rank 0", _bench.TryClaim(answer, session: _bench.Test.Rank(0)));
        TestNode.Fails(CacheStatus.NotFound, "unknown", _bench.TryClaim(answer with { Reservation = 5 }));
        TestNode.Fails(CacheStatus.NotFound, "unknown", _bench.TryClaim(answer, session: _bench.Test.Scheduler("other")));
    }

    [Fact]
    public void Claim_TwoShards_IsThereWithTheLast()
    {
        var layout = KvTwoRanks.Layout(ClaimBench.ChunkTokens);
        using var bench = new ClaimBench(layout: layout);
        var (rank0, rank1) = (bench.Test.Rank(0), bench.Test.Rank(1));
        var first = bench.Ask("a", ClaimBench.Prompt(1));
        bench.Claim(first);
        bench.Store(first, 0, 2, 0, rank0);
        Assert.Equal((0, 900), Progress(bench.Ask("b", ClaimBench.Prompt(2))));
        bench.Store(first, 0, 1, 1, rank1);
        Assert.Equal((256, 900), Progress(bench.Ask("b", ClaimBench.Prompt(2))));
        Assert.Equal(256, bench.Claim(first).FirstToken);
    }

    [Fact]
    public void Lookup_NothingClaimed_HashesNothing()
    {
        _bench.Ask("a", ClaimBench.Prompt(1));
        Assert.Equal(0, _bench.Node.Counters.TokensHashed);
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        var hashed = _bench.Node.Counters.TokensHashed;
        for (var i = 0; i < 10; i++) _bench.Claim(_bench.Ask("b", ClaimBench.Prompt(2)));
        Assert.Equal(hashed, _bench.Node.Counters.TokensHashed);
    }

    private static (int Hit, int Pending) Progress(LookupAnswer answer) => (answer.HitTokens, answer.PendingTokens);

    private long Ended(ClaimEnd how) => _bench.Node.Counters.ClaimsEndedBy(how);
}
