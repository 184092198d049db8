using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.UnitTests.Reservations;

public class ReservationLimitTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void Lookup_OverALimit_IsRefusedAndTakesNothing()
    {
        using var node = new TestNode(limits: new ReservationLimits { MaxTokens = 20, MaxReservedTokens = 30, MaxReservations = 2 });
        var session = node.Scheduler();
        node.Lookup(session, "a", TokenList.Count(16));

        TestNode.Fails(CacheStatus.InvalidArgument, "21 tokens, the limit is 20", node.TryLookup(session, "b", TokenList.Count(21)));
        TestNode.Fails(CacheStatus.ResourceExhausted, "the limit is 30",
            node.TryLookup(session, "b", TokenList.Count(15, first: 3), salt: "s"));
        Assert.Equal((1, 16L, 1), (node.Now.Reservations, node.Now.ReservedTokens, node.Now.Namespaces));

        node.Lookup(session, "b", TokenList.Count(1));
        TestNode.Fails(CacheStatus.ResourceExhausted, "2 reservations are out", node.TryLookup(session, "c", TokenList.Count(1)));
        TestNode.Fails(CacheStatus.ResourceExhausted, "hold 17 tokens", Extend(node, session, "b"));
        Assert.Equal((2, 17L), (node.Now.Reservations, node.Now.ReservedTokens));
        node.Lookup(session, "a", TokenList.Count(16));
    }

    [Fact]
    public void Sweep_AgedReservation_IsEndedAndUsedOnesStay()
    {
        using var node = new TestNode(limits: new ReservationLimits { MaxAge = Hour });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(16));
        node.Lookup(session, "old", TokenList.Count(16));
        var used = node.Lookup(session, "used", TokenList.Count(16));

        node.Time.Advance(Hour);
        Assert.Equal((2, 2L), (node.Now.Reservations, node.Now.Leases));
        node.Release(session, used, ReleaseScope.Loaded);
        node.Time.Advance(Hour / 4);

        Assert.Equal((1, 0L), (node.Now.Reservations, node.Now.Leases));
        node.Done(session, used);
        node.AssertIdle();
    }

    [Fact]
    public void Sweep_TransferOfAgedReservation_KeepsItsBlocks()
    {
        using var node = new TestNode(limits: new ReservationLimits { MaxAge = Hour });
        var session = node.Scheduler();
        node.Put(session, TokenList.Count(16));
        var answer = node.Lookup(session, "a", TokenList.Count(16));
        using (TestNode.Value(node.TryRetrieve(session, answer.Reservation)))
        {
            node.Time.Advance(2 * Hour);
            Assert.Equal((0, 1L), (node.Now.Reservations, node.Now.Leases));
        }

        node.AssertIdle();
    }

    [Fact]
    public void Constructor_AnyMaximumAge_Starts()
    {
        var host = new HostTierOptions { CapacityBytes = 1 << 16, LockPages = false };
        foreach (var age in new[] { TimeSpan.MaxValue, TimeSpan.Zero, TimeSpan.FromDays(365) })
        {
            var limits = new ReservationLimits { MaxAge = age };
            using var node = new CacheNode(new CacheNodeOptions { Host = host, Limits = limits }, new ManualTime());
            Assert.Equal(age, node.Limits.MaxAge);
        }
    }

    [Fact]
    public void EndAgedReservations_NodeDisposed_TouchesNothing()
    {
        var node = new TestNode(limits: new ReservationLimits { MaxAge = Hour });
        var session = node.Scheduler();
        var answer = node.Lookup(session, "a", TokenList.Count(16));
        node.Store(session, answer, TokenList.Count(16));
        node.Lookup(session, "a", TokenList.Count(16));
        node.Node.ClearTenant(session);

        node.Dispose();
        node.Time.Advance(2 * Hour);

        Assert.Equal(0, node.Node.EndAgedReservations());
    }

    private static Result<LookupAnswer> Extend(TestNode node, Core.Sessions.Session session, string request) =>
        node.TryLookup(session, request, TokenList.Count(16));
}
