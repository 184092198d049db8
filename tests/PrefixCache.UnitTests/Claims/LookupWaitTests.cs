using PrefixCache.Core.Claims;
using PrefixCache.Core.Results;

namespace PrefixCache.UnitTests.Claims;

public sealed class LookupWaitTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly ClaimBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Lookup_NothingPending_IsAnsweredAtOnce()
    {
        var answer = _bench.WaitAsync("a", ClaimBench.Prompt(1));
        Assert.True(answer.IsCompleted);
        Assert.True(TestNode.Value(await answer).IsNew);
    }

    [Fact]
    public async Task Lookup_Pending_WaitsForAllOfItAndCountsOnce()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2));
        for (var position = 0; position < 3; position++) _bench.Store(first, position, 1);
        Assert.NotEqual(waiter, await Task.WhenAny(waiter, Task.Delay(50, TestContext.Current.CancellationToken)));
        _bench.Store(first, 3, 1);

        var answer = TestNode.Value(await waiter.WaitAsync(Soon, TestContext.Current.CancellationToken));

        Assert.Equal((900, 900, true), (answer.HitTokens, answer.PendingTokens, answer.IsNew));
        var counters = _bench.Node.Counters;
        Assert.Equal((2L, 2400L, 900L), (counters.Lookups, counters.TokensAsked, counters.TokensHit));
        Assert.Equal(0, counters.MissedFor(Core.Index.MissReason.Pending));
    }

    [Fact]
    public async Task Lookup_TimeOver_IsAnsweredWithWhatIsPending()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2), TimeSpan.FromSeconds(3));
        _bench.Store(first, 0, 1);
        _bench.Test.Time.Advance(TimeSpan.FromSeconds(3));

        // It may have been between two looks when the time went on.
        while (await Task.WhenAny(waiter, Task.Delay(10, TestContext.Current.CancellationToken)) != waiter)
            _bench.Test.Time.Advance(TimeSpan.FromSeconds(3));
        var answer = TestNode.Value(await waiter);

        Assert.Equal((256, 900), (answer.HitTokens, answer.PendingTokens));
        Assert.Equal(2, _bench.Node.Counters.Lookups);
        Assert.Equal(900 - 256 + 124, _bench.Node.Counters.MissedFor(Core.Index.MissReason.Pending));
    }

    [Fact]
    public async Task Lookup_InAHurry_IsAnsweredAtOnce()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        using var hurry = new CancellationTokenSource();
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2), hurry: hurry);
        await hurry.CancelAsync();

        Assert.Equal(900, TestNode.Value(await waiter.WaitAsync(Soon, TestContext.Current.CancellationToken)).PendingTokens);
    }

    [Fact]
    public async Task Lookup_GivenUp_LeavesNoReservation()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        using var call = new CancellationTokenSource();
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2), call: call);
        Assert.Equal((2, 1), (_bench.Test.Now.Reservations, _bench.Now.Waiting));
        await call.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        Assert.Equal((1, 0), (_bench.Test.Now.Reservations, _bench.Now.Waiting));
        Assert.Equal(1, _bench.Node.Counters.Lookups);
    }

    [Fact]
    public async Task Lookup_GivenUpByOneOfTwo_KeepsTheReservation()
    {
        var first = _bench.Ask("a", ClaimBench.Prompt(1));
        _bench.Claim(first);
        using var call = new CancellationTokenSource();
        var waiters = new[]
        {
            _bench.WaitAsync("b", ClaimBench.Prompt(2), call: call), _bench.WaitAsync("b", ClaimBench.Prompt(2)),
        };
        await call.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiters[0]);
        _bench.Store(first, 0, 5);

        Assert.Equal(900, TestNode.Value(await waiters[1].WaitAsync(Soon, TestContext.Current.CancellationToken)).HitTokens);
    }

    [Fact]
    public async Task Lookup_ItsReservationOrSessionEnds_IsToldSo()
    {
        _bench.Claim(_bench.Ask("a", ClaimBench.Prompt(1)));
        var poll = _bench.Ask("b", ClaimBench.Prompt(2));
        var waiter = _bench.WaitAsync("b", ClaimBench.Prompt(2));
        _bench.Test.Done(_bench.Session, poll);
        TestNode.Fails(
            CacheStatus.NotFound, "ended while this lookup waited", await waiter.WaitAsync(Soon, TestContext.Current.CancellationToken));

        var other = _bench.Test.Scheduler("other");
        var lost = _bench.WaitAsync("b", ClaimBench.Prompt(2), session: other);
        _bench.Node.Sessions.End(other);
        TestNode.Fails(CacheStatus.NotFound, "session has ended", await lost.WaitAsync(Soon, TestContext.Current.CancellationToken));
        Assert.Equal((1, 0), (_bench.Test.Now.Reservations, _bench.Now.Waiting));
    }

    [Fact]
    public async Task Lookup_TooLongAWait_IsRefused() => TestNode.Fails(CacheStatus.InvalidArgument, "at most 60000",
        await _bench.WaitAsync("a", ClaimBench.Prompt(1), TimeSpan.FromSeconds(61)));

    [Fact]
    public async Task Herd_OnOneColdPrefix_ComputesItOnce()
    {
        const int Workers = 64;
        var computed = new long[2];

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync((uint)worker, computed))));

        Assert.Equal(900, computed[0]);
        Assert.Equal(Workers * 300, computed[1]);
        Assert.Equal((0, 0), _bench.Now);
        Assert.Equal(Workers, _bench.Node.Counters.ClaimsGranted);
    }

    /// <summary>Counts what it computes within the shared prefix and behind it.</summary>
    private async Task WorkAsync(uint worker, long[] computed)
    {
        var (name, tokens) = ($"w{worker}", ClaimBench.Prompt(worker));
        while (true)
        {
            var answer = TestNode.Value(await _bench.WaitAsync(name, tokens));
            var claim = TestNode.Value(await _bench.Node.Claims.ClaimAsync(_bench.Session, answer.Reservation));
            if (claim.Outcome is ClaimOutcome.Pending or ClaimOutcome.Hit) continue;
            Assert.Equal((ClaimOutcome.Granted, answer.HitTokens), (claim.Outcome, claim.FirstToken));
            Interlocked.Add(ref computed[0], Math.Max(ClaimBench.Shared - answer.HitTokens, 0));
            Interlocked.Add(ref computed[1], tokens.Length - Math.Max(answer.HitTokens, ClaimBench.Shared));
            await Task.Yield();
            _bench.Store(answer, answer.HitTokens / 256, 5 - (answer.HitTokens / 256));
            _bench.Test.Done(_bench.Session, answer);
            return;
        }
    }
}
