using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Reservations;

public sealed class AppendTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Append_AtTheEnd_GrowsTheReservationAndCanBeStored()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", TokenList.Count(20));

        var grown = TestNode.Value(Append(session, answer, 20, TokenList.Count(15, first: 20)));

        Assert.Equal((answer.Reservation, 35), (grown.Reservation, grown.TotalTokens));
        Assert.Equal(35, _node.Now.ReservedTokens);
        Assert.Equal(3, _node.Store(session, grown, TokenList.Count(35)).Count);
        _node.Done(session, grown);
        Assert.Equal(35, _node.Hit(session, TokenList.Count(35)));
    }

    [Fact]
    public void Append_Repeated_IsNoticed()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", TokenList.Count(20));
        var first = TestNode.Value(Append(session, answer, 20, [7, 8]));

        Assert.Equal(first, TestNode.Value(Append(session, answer, 20, [7, 8])));
        Assert.Equal(first, TestNode.Value(Append(session, answer, 20, [7])));
        Assert.Equal(22, _node.Now.ReservedTokens);
    }

    [Theory]
    [InlineData(19)]
    [InlineData(21)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Append_NotAtTheEnd_IsRefused(int position)
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", TokenList.Count(20));

        TestNode.Fails(CacheStatus.InvalidArgument, "but the reservation has 20 tokens", Append(session, answer, position, [99, 98]));
        Assert.Equal(20, _node.Now.ReservedTokens);
    }

    [Fact]
    public void Append_BadInput_IsRefused()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", TokenList.Count(20));

        TestNode.Fails(CacheStatus.InvalidArgument, "No tokens to append", Append(session, answer, 20, []));
        TestNode.Fails(CacheStatus.InvalidArgument, "tokens has 6 bytes",
            _node.Node.Appends.Append(session, answer.Reservation, 20, new byte[6]));
        TestNode.Fails(CacheStatus.InvalidArgument, "session of rank 0", Append(_node.Rank(0), answer, 20, [1]));
        TestNode.Fails(CacheStatus.NotFound, "Reservation 999", _node.Node.Appends.Append(session, 999, 20, TokenList.Bytes([1])));
    }

    [Fact]
    public void Append_OverALimit_IsRefusedAndKeepsWhatWas()
    {
        using var node = new TestNode(limits: new ReservationLimits { MaxTokens = 24, MaxReservedTokens = 30 });
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", TokenList.Count(20));
        node.Lookup(session, "b", TokenList.Count(8));

        TestNode.Fails(CacheStatus.InvalidArgument, "the limit is 24",
            node.Node.Appends.Append(session, answer.Reservation, 20, TokenList.Bytes(TokenList.Count(5))));
        TestNode.Fails(CacheStatus.ResourceExhausted, "the limit is 30",
            node.Node.Appends.Append(session, answer.Reservation, 20, TokenList.Bytes(TokenList.Count(3))));
        Assert.Equal(28, node.Now.ReservedTokens);
    }

    [Fact]
    public void Append_BehindAShortTail_KeepsTheHit()
    {
        var session = _node.Scheduler();
        _node.Put(session, TokenList.Count(20));
        var answer = _node.Lookup(session, "a", TokenList.Count(20));

        var grown = TestNode.Value(Append(session, answer, 20, TokenList.Count(20, first: 20)));

        Assert.Equal((20, 40), (grown.HitTokens, grown.TotalTokens));
        Assert.Equal(20, _node.Verify(session, grown, TokenList.Count(40)));
    }

    private Result<LookupAnswer> Append(Session session, LookupAnswer answer, int position, uint[] tokens) =>
        _node.Node.Appends.Append(session, answer.Reservation, position, TokenList.Bytes(tokens));
}
