using PrefixCache.Core.Claims;
using PrefixCache.Core.Reservations;

namespace PrefixCache.UnitTests.Claims;

/// <summary>Each way that a claim ends: it is counted, who waits is answered, and one of those gets it.</summary>
public sealed class ClaimEndTests : IDisposable
{
    private readonly ClaimBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Claim_LetGo_PassesToOneThatWaits() =>
        await PassesOnAsync(ClaimEnd.LetGo, first => Assert.Equal(ClaimOutcome.Nothing, _bench.Claim(first, letGo: true).Outcome));

    [Fact]
    public async Task Reservation_Released_PassesItOn() =>
        await PassesOnAsync(ClaimEnd.LetGo, first => _bench.Test.Done(_bench.Session, first));

    [Fact]
    public async Task Owner_Silent_PassesItOn() =>
        await PassesOnAsync(ClaimEnd.TimedOut, _ => _bench.Test.Time.Advance(TimeSpan.FromSeconds(10)));

    [Fact]
    public async Task Session_Ended_PassesItOn()
    {
        var other = _bench.Test.Scheduler("other");
        var first = _bench.Ask("a", ClaimBench.Prompt(1), session: other);
        _bench.Claim(first, session: other);
        await PassesOnAsync(ClaimEnd.SessionLost, _ => _bench.Node.Sessions.End(other), isClaimed: true);
    }

    [Fact]
    public async Task Namespace_Cleared_EndsItAndWaitersGoOn()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2));
        _bench.Node.ClearTenant(_bench.Session);

        Assert.Equal(0, TestNode.Value(await waiter).PendingTokens);
        Assert.Equal(1, _bench.Node.Counters.ClaimsEndedBy(ClaimEnd.LetGo));
        Assert.Equal(ClaimOutcome.Hit, _bench.Claim(first).Outcome);
        Assert.Equal(ClaimOutcome.Granted, _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1))).Outcome);
    }

    [Fact]
    public void Commits_KeepItAlive()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        for (var position = 0; position < 4; position++)
        {
            _bench.Test.Time.Advance(TimeSpan.FromSeconds(8));
            _bench.Store(first, position, 1);
        }

        Assert.Equal((1, 0L), (_bench.Now.Active, _bench.Node.Counters.ClaimsEndedBy(ClaimEnd.TimedOut)));
        _bench.Test.Time.Advance(TimeSpan.FromSeconds(10.5));
        Assert.Equal((0, 1L), (_bench.Now.Active, _bench.Node.Counters.ClaimsEndedBy(ClaimEnd.TimedOut)));
    }

    [Fact]
    public void Node_Disposed_LeavesNothingBehind()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        _bench.Ask("b", ClaimBench.Prompt(2));
        _bench.Node.Dispose();
        Assert.Equal((0, 0), _bench.Now);
    }

    /// <summary>Two wait; the claim ends unfinished; both are answered, one gets it and the other waits on.</summary>
    private async Task PassesOnAsync(ClaimEnd how, Action<LookupAnswer> end, bool isClaimed = false)
    {
        var first = isClaimed ? default : _bench.Ask("a", ClaimBench.Prompt(1));
        if (!isClaimed) _bench.Claim(first);
        var waiters = new[] { _bench.WaitAsync("b", ClaimBench.Prompt(2)), _bench.WaitAsync("c", ClaimBench.Prompt(3)) };
        Assert.Equal((1, 2), _bench.Now);
        Assert.All(waiters, waiter => Assert.False(waiter.IsCompleted));

        end(first);

        var answers = (await Task.WhenAll(waiters)).Select(TestNode.Value).ToList();
        Assert.All(answers, answer => Assert.Equal((0, 0), (answer.HitTokens, answer.PendingTokens)));
        Assert.Equal(1, _bench.Node.Counters.ClaimsEndedBy(how));
        Assert.Equal([ClaimOutcome.Granted, ClaimOutcome.Pending], answers.Select(answer => _bench.Claim(answer).Outcome));
        Assert.Equal((1, 1), _bench.Now);
    }
}
