using PrefixCache.Core.Claims;
using PrefixCache.Core.Reservations;

namespace PrefixCache.UnitTests.Claims;

/// <summary>Two nodes over one fleet.</summary>
public sealed class FleetClaimTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly FakeFleet.Table _table = new();
    private readonly FakeFleet _oneFleet, _twoFleet;
    private readonly ClaimBench _one, _two;

    public FleetClaimTests()
    {
        (_oneFleet, _twoFleet) = (new FakeFleet(_table).Join(), new FakeFleet(_table).Join());
        _one = new ClaimBench(options => options with { FleetClaims = _oneFleet });
        _two = new ClaimBench(options => options with { FleetClaims = _twoFleet });
    }

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [Fact]
    public async Task Claim_HeldByAnotherNode_IsPendingForAllOfThisNode()
    {
        var first = _one.Ask("a", ClaimBench.Prompt(1));
        var granted = await ClaimAsync(_one, first);
        Assert.Equal((ClaimOutcome.Granted, false), (granted.Outcome, granted.NodeOnly));

        Assert.Equal(0, _two.Ask("b", ClaimBench.Prompt(2)).PendingTokens);
        var pending = await ClaimAsync(_two, _two.Ask("b", ClaimBench.Prompt(2)));

        Assert.Equal(new ClaimAnswer(ClaimOutcome.Pending, PendingTokens: 900), pending);
        Assert.Equal(900, _two.Ask("c", ClaimBench.Prompt(3)).PendingTokens);
        Assert.Equal((0, 2), _two.Now);
        Assert.Equal(0, _two.Node.Counters.ClaimsGranted);
    }

    [Fact]
    public async Task Claim_LetGoOnAnotherNode_WakesThisOne()
    {
        var first = _one.Ask("a", ClaimBench.Prompt(1));
        await ClaimAsync(_one, first);
        await ClaimAsync(_two, _two.Ask("b", ClaimBench.Prompt(2)));
        var waiter = _two.WaitAsync("b", ClaimBench.Prompt(2));
        Assert.False(waiter.IsCompleted);

        await ClaimAsync(_one, first, letGo: true);

        var answer = TestNode.Value(await waiter.WaitAsync(Soon, TestContext.Current.CancellationToken));
        Assert.Equal((0, 0), (answer.HitTokens, answer.PendingTokens));
        Assert.Equal(ClaimOutcome.Granted, (await ClaimAsync(_two, answer)).Outcome);
    }

    [Fact]
    public async Task Claim_OfADeadNode_IsMissedByAsking()
    {
        _twoFleet.IsMute = true;
        await ClaimAsync(_one, _one.Ask("a", ClaimBench.Prompt(1)));
        await ClaimAsync(_two, _two.Ask("b", ClaimBench.Prompt(2)));
        var waiter = _two.WaitAsync("b", ClaimBench.Prompt(2));
        _table.Keys.Clear();

        Assert.True(SpinWait.SpinUntil(() => Advance(_two, waiter), Soon));
        Assert.Equal(0, TestNode.Value(await waiter).PendingTokens);
    }

    [Fact]
    public async Task Claim_ThatAdvances_LetsTheKeysOfWhatIsThereGo()
    {
        var first = _one.Ask("a", ClaimBench.Prompt(1));
        await ClaimAsync(_one, first);
        var cold = _table.Keys.Count;
        _one.Store(first, 0, 3);
        Assert.True(SpinWait.SpinUntil(() => _table.Keys.Count == cold - 3, Soon));

        // The other node has those three chunks from elsewhere, and meets it at the fourth.
        _two.Store(_two.Ask("x", ClaimBench.Prompt(9)), 0, 3);
        var second = _two.Ask("b", ClaimBench.Prompt(2));
        Assert.Equal((768, 768), (second.HitTokens, second.PendingTokens));
        Assert.True(SpinWait.SpinUntil(() => ClaimAsync(_two, second).GetAwaiter().GetResult().PendingTokens == 900, Soon));

        _one.Store(first, 3, 2);
        Assert.True(SpinWait.SpinUntil(() => _table.Keys.IsEmpty, Soon));
        Assert.Equal((0, 0), _one.Now);
    }

    [Fact]
    public async Task Claim_OfAnotherNoteElsewhere_IsGrantedBesideIt()
    {
        foreach (var bench in new[] { _one, _two }) bench.Store(bench.Ask("x", ClaimBench.Prompt(9)), 0, 5);
        await ClaimAsync(_one, _one.Ask("a", ClaimBench.Prompt(1)));

        var second = await ClaimAsync(_two, _two.Ask("b", ClaimBench.Prompt(2)));

        Assert.Equal((ClaimOutcome.Granted, 900, true), (second.Outcome, second.FirstToken, second.NodeOnly));
    }

    [Fact]
    public async Task Fleet_Away_ClaimsHoldOnTheirNode()
    {
        (_oneFleet.IsAway, _twoFleet.IsAway) = (true, true);
        foreach (var bench in new[] { _one, _two })
        {
            var granted = await ClaimAsync(bench, bench.Ask("a", ClaimBench.Prompt(1)));
            Assert.Equal((ClaimOutcome.Granted, true), (granted.Outcome, granted.NodeOnly));
            Assert.Equal(900, bench.Ask("b", ClaimBench.Prompt(2)).PendingTokens);
        }
    }

    [Fact]
    public async Task Claim_OfALivingOwner_IsRenewed()
    {
        var first = _one.Ask("a", ClaimBench.Prompt(1));
        await ClaimAsync(_one, first);
        for (var i = 0; i < 4; i++)
        {
            _one.Test.Time.Advance(TimeSpan.FromSeconds(3));
            await ClaimAsync(_one, first);
        }

        Assert.True(SpinWait.SpinUntil(() => _oneFleet.Renewals > 0, Soon));
        _one.Test.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(SpinWait.SpinUntil(() => _table.Keys.IsEmpty, Soon));
    }

    [Fact]
    public async Task Claim_AnotherNodeWaitsFor_IsKnownToBeWanted()
    {
        var first = _one.Ask("a", ClaimBench.Prompt(1));
        await ClaimAsync(_one, first);
        await ClaimAsync(_two, _two.Ask("b", ClaimBench.Prompt(2)));
        Assert.True(_one.Node.Claims.IsAwaitedElsewhere(_one.Session, first.Reservation));
        Assert.False(_two.Node.Claims.IsAwaitedElsewhere(_one.Session, first.Reservation));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 1, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1 })]
    public void Tokens_Damaged_AreNone(byte[] bytes) => Assert.Null(FleetTokens.TryDecode(bytes));

    private static Task<ClaimAnswer> ClaimAsync(ClaimBench bench, LookupAnswer answer, bool letGo = false) => Task.Run(async () =>
        TestNode.Value(await bench.Node.Claims.ClaimAsync(bench.Session, answer.Reservation, letGo)));

    /// <summary>Another half second goes by.</summary>
    private static bool Advance(ClaimBench bench, Task until)
    {
        bench.Test.Time.Advance(TimeSpan.FromMilliseconds(500));
        Thread.Sleep(5);
        return until.IsCompleted;
    }
}
