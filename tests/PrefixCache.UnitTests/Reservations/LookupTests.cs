using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;

namespace PrefixCache.UnitTests.Reservations;

public sealed class LookupTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Lookup_Unknown_MissesThenStoredHits()
    {
        var session = _node.Scheduler();
        var tokens = TokenList.Count(40);
        var miss = _node.Lookup(session, "a", tokens);
        Assert.Equal((0, 40, 16), (miss.HitTokens, miss.TotalTokens, miss.ChunkTokens));

        Assert.Equal(3, _node.Store(session, miss, tokens).Count);

        var hit = _node.Lookup(session, "b", tokens);
        Assert.Equal(40, hit.HitTokens);
        Assert.Equal(40, _node.Verify(session, hit, tokens));
        Assert.Equal(3, _node.Now.Leases);
        _node.Done(session, miss);
        _node.Done(session, hit);
        _node.AssertIdle();
        Assert.Equal((2, 80, 40), (_node.Node.Counters.Lookups, _node.Node.Counters.TokensAsked, _node.Node.Counters.TokensHit));
    }

    [Fact]
    public void Lookup_Repeated_TakesNothingTwice()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(40));
        var first = _node.Lookup(session, "a", TokenList.Count(40));
        var before = _node.Now;

        var second = _node.Lookup(session, "a", TokenList.Count(40));

        Assert.Equal(first with { IsNew = false }, second);
        Assert.Equal(before, _node.Now);
        _node.Done(session, second);
        _node.AssertIdle();
    }

    [Fact]
    public void Lookup_RepeatedAfterTheStore_FindsWhatIsThereNow()
    {
        var session = _node.Scheduler();
        var tokens = TokenList.Count(40);
        var miss = _node.Lookup(session, "a", tokens);
        _node.Store(session, miss, tokens);

        var hit = _node.Lookup(session, "a", tokens);

        Assert.Equal((miss.Reservation, 40), (hit.Reservation, hit.HitTokens));
        Assert.Equal(3, _node.Now.Leases);
    }

    [Fact]
    public void Lookup_RepeatedWithMoreTokens_ExtendsTheReservation()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(48));
        var first = _node.Lookup(session, "a", TokenList.Count(20));
        var longer = _node.Lookup(session, "a", TokenList.Count(50));

        Assert.Equal((16, 48), (first.HitTokens, longer.HitTokens));
        Assert.Equal((first.Reservation, 50), (longer.Reservation, longer.TotalTokens));
        Assert.Equal((1, 3L, 50L), (_node.Now.Reservations, _node.Now.Leases, _node.Now.ReservedTokens));
    }

    [Fact]
    public void Lookup_ShortTailThenLongerChunk_MovesTheLeaseToTheLongerChunk()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(20));
        var tail = _node.Lookup(session, "a", TokenList.Count(20));
        Assert.Equal((20, 2L), (tail.HitTokens, _node.Now.Leases));

        var kept = _node.Lookup(session, "a", TokenList.Count(32));
        Assert.Equal((20, 2L), (kept.HitTokens, _node.Now.Leases));

        _node.Store(session, kept, TokenList.Count(32));
        var whole = _node.Lookup(session, "a", TokenList.Count(32));
        Assert.Equal((32, 2L), (whole.HitTokens, _node.Now.Leases));
        Assert.Equal(32, _node.Verify(session, whole, TokenList.Count(32)));
        _node.Done(session, whole);
        _node.AssertIdle();
    }

    [Fact]
    public void Lookup_TailOfOtherLength_ServesWhenItIsWhole()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(20));

        Assert.Equal(16, _node.Hit(session, TokenList.Count(19)));
        Assert.Equal(20, _node.Hit(session, TokenList.Count(21)));
        Assert.Equal(20, _node.Hit(session, TokenList.Count(20)));
    }

    [Fact]
    public void Lookup_RepeatedWithOtherTokens_IsRefusedAndTakesNothing()
    {
        var session = _node.Scheduler();
        _node.Lookup(session, "a", TokenList.Count(20));
        var before = _node.Now;

        TestNode.Fails(CacheStatus.AlreadyExists, "'a' is in use", _node.TryLookup(session, "a", TokenList.Count(20, first: 5)));
        TestNode.Fails(CacheStatus.AlreadyExists, "'a' is in use", _node.TryLookup(session, "a", TokenList.Count(20), salt: "other"));

        Assert.Equal(before, _node.Now);
    }

    [Fact]
    public void Lookup_RepeatedWithThePromptAfterAppend_HitsNoFurtherThanAsked()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(48));
        var answer = _node.Lookup(session, "a", TokenList.Count(20));
        TestNode.Value(_node.Node.Appends.Append(session, answer.Reservation, 20, TokenList.Bytes(TokenList.Count(28, first: 20))));

        var repeated = _node.Lookup(session, "a", TokenList.Count(20));

        Assert.Equal((20, 48), (repeated.HitTokens, repeated.TotalTokens));
        Assert.Equal(20, _node.Verify(session, repeated, TokenList.Count(48)));
        Assert.Equal(16, _node.Lookup(session, "a", TokenList.Count(20), align: 16).HitTokens);
        Assert.Equal(48, _node.Lookup(session, "a", TokenList.Count(48)).HitTokens);
    }

    [Theory]
    [InlineData(0, 40)]
    [InlineData(1, 40)]
    [InlineData(3, 39)]
    [InlineData(16, 32)]
    [InlineData(24, 24)]
    [InlineData(64, 0)]
    public void Lookup_Aligned_HitIsAMultiple(int align, int expected)
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(40));

        var answer = _node.Lookup(session, "a", TokenList.Count(40), align);

        Assert.Equal(expected, answer.HitTokens);
        Assert.Equal(expected, _node.Verify(session, answer, TokenList.Count(40)));
    }

    [Theory]
    [InlineData(0, 0, "", "No tokens")]
    [InlineData(5, 6, "a", "computed_tokens is 6, but the request has 5")]
    [InlineData(5, -1, "a", "computed_tokens is -1")]
    [InlineData(5, 0, "", "request_id has 0 bytes")]
    public void Lookup_BadQuery_IsRefused(int count, int computed, string request, string text)
    {
        TestNode.Fails(CacheStatus.InvalidArgument, count == 0 ? "No tokens" : text,
            _node.TryLookup(_node.Scheduler(), count == 0 ? "a" : request, TokenList.Count(count), computed: computed));
        _node.AssertEmpty();
    }

    [Fact]
    public void Lookup_BadNamesAndAlignment_AreRefused()
    {
        var session = _node.Scheduler();
        var tokens = TokenList.Count(5);
        var tooLong = new string('é', 129);

        TestNode.Fails(CacheStatus.InvalidArgument, "request_id has 258 bytes", _node.TryLookup(session, tooLong, tokens));
        TestNode.Fails(CacheStatus.InvalidArgument, "salt has 258 bytes", _node.TryLookup(session, "a", tokens, salt: tooLong));
        TestNode.Fails(CacheStatus.InvalidArgument, "adapter has 258 bytes", _node.TryLookup(session, "a", tokens, adapter: tooLong));
        TestNode.Fails(CacheStatus.InvalidArgument, "align_tokens is 65537", _node.TryLookup(session, "a", tokens, align: 65_537));
        TestNode.Fails(CacheStatus.InvalidArgument, "align_tokens is -1", _node.TryLookup(session, "a", tokens, align: -1));
        TestNode.Fails(CacheStatus.InvalidArgument, "session of rank 0", _node.TryLookup(_node.Rank(0), "a", tokens));
        _node.AssertEmpty();
    }

    [Fact]
    public void Lookup_AllTokensComputed_IsAllowed()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(20));

        Assert.Equal(20, TestNode.Value(_node.TryLookup(session, "a", TokenList.Count(20), computed: 20)).HitTokens);
    }

    [Fact]
    public void Lookup_SessionEnded_IsRefusedAndLeavesNothing()
    {
        var session = _node.Scheduler();
        _node.Node.Sessions.End(session);

        TestNode.Fails(CacheStatus.NotFound, "session has ended", _node.TryLookup(session, "a", TokenList.Count(5)));
        _node.AssertEmpty();
    }

    [Fact]
    public void Lookup_SameRequestIdInTwoInstances_AreTwoReservations()
    {
        var (one, two) = (_node.Scheduler("one"), _node.Scheduler("two"));

        var first = _node.Lookup(one, "a", TokenList.Count(5));
        var second = _node.Lookup(two, "a", TokenList.Count(7));

        Assert.NotEqual(first.Reservation, second.Reservation);
        TestNode.Fails(CacheStatus.NotFound, "unknown or has ended",
            _node.Node.Lookups.Release(two, first.Reservation, ReleaseScope.Done, null, null));
    }
}
