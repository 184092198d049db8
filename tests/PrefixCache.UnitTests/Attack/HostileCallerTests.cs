using PrefixCache.Core.Layouts;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;

namespace PrefixCache.UnitTests.Attack;

/// <summary>Callers that take more than they need, or look where they should not.</summary>
public class HostileCallerTests
{
    [Fact]
    public void Retrieve_OneHandleAMillionTimes_IsRefusedBeforeTheNodesLockIsHeldForIt()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(32));
        var answer = node.Lookup(session, "a", TokenList.Count(32));
        var handles = Enumerable.Repeat(1UL, 1_000_000).ToArray();

        TestNode.Fails(CacheStatus.InvalidArgument, "1000000 handles came, but the reservation has 2 chunks",
            node.TryRetrieve(session, answer.Reservation, handles: handles));
        Assert.Equal(2, node.Now.Leases);
    }

    [Fact]
    public void Expect_RequestsThatNeverEnd_HaveALimitTogether()
    {
        using var node = new TestNode(limits: new ReservationLimits { MaxTokens = 20, MaxReservedTokens = 30 });
        var first = TestNode.Value(node.Node.Lookups.Expect(20));

        TestNode.Fails(CacheStatus.ResourceExhausted, "announce 30 tokens, the limit", node.Node.Lookups.Expect(11));
        TestNode.Fails(CacheStatus.InvalidArgument, "21 tokens, the limit is 20", node.Node.Lookups.Expect(21));
        first.Dispose();
        first.Dispose();
        using var both = TestNode.Value(node.Node.Lookups.Expect(20));
        TestNode.Fails(CacheStatus.ResourceExhausted, "announce", node.Node.Lookups.Expect(11));
    }

    [Fact]
    public void Lookup_IdsOfReservations_DoNotCountWhatOthersLookUp()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        var ids = Enumerable.Range(0, 300).Select(i => node.Lookup(session, $"{i}", TokenList.Count(16)).Reservation).ToList();

        Assert.Equal(300, ids.Distinct().Count());
        Assert.DoesNotContain(ids.Zip(ids.Skip(1)), pair => pair.Second == pair.First + 1);
        Assert.DoesNotContain(0UL, ids);
    }

    [Fact]
    public void Layouts_OfOneTenant_AreUnknownToAnotherAndTakeNoneOfItsRoom()
    {
        var table = new LayoutTable(1);
        var layout = TestNode.Value(table.Register(TestNode.OneShard(), "a"));

        TestNode.Fails(CacheStatus.NotFound, "register it first", table.Find(layout.Id.ToArray(), "b"));
        TestNode.Value(table.Register(TestNode.OneShard("other"), "b"));
        TestNode.Fails(CacheStatus.ResourceExhausted, "1 layouts", table.Register(TestNode.OneShard("third"), "a"));
        Assert.Same(layout, TestNode.Value(table.Find(layout.Id.ToArray(), "a")));
    }

    [Fact]
    public void Withdraw_AnswerThatNobodyGot_FreesItsLeasesAndTokens()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(16));
        var answer = node.Lookup(session, "a", TokenList.Count(16));
        Assert.True(answer.IsNew);

        node.Node.Lookups.Withdraw(session, answer.Reservation);

        node.AssertIdle();
        node.Node.Lookups.Withdraw(session, answer.Reservation);
    }

    [Fact]
    public void Withdraw_AnotherLookupWasAnsweredWithIt_Stays()
    {
        using var node = new TestNode();
        var session = node.Scheduler();
        var lost = node.Lookup(session, "a", TokenList.Count(16));
        var repeated = node.Lookup(session, "a", TokenList.Count(16));
        Assert.Equal((lost.Reservation, false), (repeated.Reservation, repeated.IsNew));

        node.Node.Lookups.Withdraw(session, lost.Reservation);

        node.Done(session, repeated);
    }
}
