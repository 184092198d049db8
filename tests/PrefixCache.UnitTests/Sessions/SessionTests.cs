using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Sessions;

public sealed class SessionTests : IDisposable
{
    private readonly TestNode _node = new(limits: new ReservationLimits { MaxSessions = 4 });

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Open_SameInstanceTwice_ClashesByRoleAndRank()
    {
        _node.Scheduler();
        _node.Rank(0);

        TestNode.Fails(CacheStatus.AlreadyExists, "'engine' has a session as scheduler", Open(SessionRole.Scheduler));
        TestNode.Fails(CacheStatus.AlreadyExists, "'engine' has a session as rank 0", Open(SessionRole.Rank));
        TestNode.Value(Open(SessionRole.Rank, 1));
        TestNode.Value(_node.Node.Sessions.Open(new SessionRequest("other", "engine", SessionRole.Scheduler)));
        Assert.Equal(4, _node.Now.Sessions);
    }

    [Fact]
    public void Open_WithPreviousSession_ReplacesItAndFreesWhatItHeld()
    {
        var lost = _node.Scheduler();
        _node.Lookup(lost, "a", TokenList.Count(5));

        var session = TestNode.Value(_node.Node.Sessions.Open(new SessionRequest("default", "engine", SessionRole.Scheduler, 0, lost.Id)));

        Assert.True(lost.Ended.IsCancellationRequested);
        Assert.NotEqual(lost.Id, session.Id);
        Assert.Equal(1, _node.Now.Sessions);
        _node.AssertEmpty();
    }

    [Fact]
    public void Open_PreviousOfAnotherInstance_EndsNothing()
    {
        var other = _node.Scheduler("other");

        TestNode.Value(_node.Node.Sessions.Open(new SessionRequest("default", "engine", SessionRole.Scheduler, 0, other.Id)));

        Assert.False(other.Ended.IsCancellationRequested);
        Assert.Equal(2, _node.Now.Sessions);
    }

    [Fact]
    public void Open_PreviousUnknown_Opens() =>
        TestNode.Value(_node.Node.Sessions.Open(new SessionRequest("default", "engine", SessionRole.Scheduler, 0, SessionId.New())));

    [Fact]
    public void Open_OverTheLimit_IsRefusedUntilOneEnds()
    {
        var first = _node.Scheduler("1");
        foreach (var name in new[] { "2", "3", "4" }) _node.Scheduler(name);

        TestNode.Fails(CacheStatus.ResourceExhausted, "max-sessions", Open(SessionRole.Scheduler));
        _node.Node.Sessions.End(first);
        TestNode.Value(Open(SessionRole.Scheduler));
    }

    [Fact]
    public void Open_BadRequest_IsRefused()
    {
        TestNode.Fails(CacheStatus.InvalidArgument, "instance_id has 0 bytes",
            _node.Node.Sessions.Open(new SessionRequest("t", "", SessionRole.Scheduler)));
        TestNode.Fails(CacheStatus.InvalidArgument, "instance_id has 258 bytes",
            _node.Node.Sessions.Open(new SessionRequest("t", new string('é', 129), SessionRole.Scheduler)));
        TestNode.Fails(CacheStatus.InvalidArgument, "rank is 1024", Open(SessionRole.Rank, 1024));
        TestNode.Fails(CacheStatus.InvalidArgument, "rank is -1", Open(SessionRole.Rank, -1));
        Assert.Equal(0, _node.Now.Sessions);
    }

    [Fact]
    public void Find_OpenEndedAndMalformed_Answers()
    {
        var session = _node.Scheduler();
        var id = session.Id.ToArray();

        Assert.Same(session, TestNode.Value(_node.Node.Sessions.Find(id.AsSpan())));
        TestNode.Fails(CacheStatus.NotFound, "unknown or has ended", _node.Node.Sessions.Find(id.AsSpan(1)));
        _node.Node.Sessions.End(session);
        _node.Node.Sessions.End(session);
        TestNode.Fails(CacheStatus.NotFound, "unknown or has ended", _node.Node.Sessions.Find(id.AsSpan()));
    }

    [Fact]
    public void End_SchedulerComesBack_SeesNoOldReservation()
    {
        var rank = _node.Rank(0);
        var scheduler = _node.Scheduler();
        var old = _node.Lookup(scheduler, "a", TokenList.Count(5));
        _node.Node.Sessions.End(scheduler);

        var answer = _node.Lookup(_node.Scheduler(), "a", TokenList.Count(9, first: 3));

        Assert.NotEqual(old.Reservation, answer.Reservation);
        TestNode.Fails(CacheStatus.NotFound, "has ended", _node.TryRetrieve(rank, old.Reservation));
        using var transfer = TestNode.Value(_node.TryRetrieve(rank, answer.Reservation));
        Assert.Empty(transfer.Chunks);
    }

    private Result<Session> Open(SessionRole role, int rank = 0) =>
        _node.Node.Sessions.Open(new SessionRequest("default", "engine", role, rank));
}
