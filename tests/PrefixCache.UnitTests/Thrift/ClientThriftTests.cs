using PrefixCache.Client;

namespace PrefixCache.UnitTests.Thrift;

public class ClientThriftTests
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    private readonly ManualTime _time = new();
    private readonly List<ClientEvent> _events = [];

    [Fact]
    public void Used_CostsMoreThanItSaves_PausesAfter32AndSaysWhy()
    {
        var thrift = Thrift();
        // Each lookup takes 10 ms, of which 2 ms come back: 2 tokens of 1 ms.
        Use(thrift, 31, new RequestCost(10 * Millisecond, 2, 50, 50 * Millisecond));
        Assert.False(thrift.IsPaused());
        Use(thrift, 1, new RequestCost(10 * Millisecond, 2, 50, 50 * Millisecond));
        Assert.True(thrift.IsPaused());
        var paused = Assert.Single(_events);
        Assert.Equal(ClientEventKind.Paused, paused.Kind);
        foreach (var figure in (string[])["last 32", "cost 320.0 ms", "saved 64.0 ms", "took 1600.0 ms", "for 30 s"])
            Assert.Contains(figure, paused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void IsPaused_AfterThePause_ResumesAndJudgesAnew()
    {
        var thrift = Thrift();
        var useless = new RequestCost(10 * Millisecond, 0, 50, 50 * Millisecond);
        Use(thrift, 32, useless);
        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.True(thrift.IsPaused());
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(thrift.IsPaused());
        Assert.False(thrift.IsPaused());
        Assert.Equal([ClientEventKind.Paused, ClientEventKind.Resumed], _events.Select(happened => happened.Kind));

        Use(thrift, 31, useless);
        Assert.False(thrift.IsPaused());
        Use(thrift, 1, useless);
        Assert.True(thrift.IsPaused());
    }

    [Fact]
    public void Used_WithoutComputeReports_NeverPauses()
    {
        var thrift = Thrift();
        Use(thrift, 1000, new RequestCost(1000 * Millisecond, 1));
        Assert.False(thrift.IsPaused());
        Assert.Empty(_events);
    }

    [Fact]
    public void Used_HitsPay_NeverPauses()
    {
        var thrift = Thrift();
        for (var i = 0; i < 1000; i++)
        {
            Use(thrift, 3, new RequestCost(Millisecond, 0, 100, 100 * Millisecond));
            Use(thrift, 1, new RequestCost(30 * Millisecond, 90, 10, 10 * Millisecond));
        }

        Assert.False(thrift.IsPaused());
    }

    [Fact]
    public void Used_ColdCacheThatAnswersFast_IsNotPaused()
    {
        var thrift = Thrift();
        Use(thrift, 1000, new RequestCost(Millisecond, 0, 1000, 100 * Millisecond));
        Assert.False(thrift.IsPaused());
    }

    [Fact]
    public void Used_AnyLossCounts_PausesTheColdCacheToo()
    {
        var thrift = Thrift(options => options with { PauseLoss = 0 });
        Use(thrift, 32, new RequestCost(Millisecond, 0, 1000, 100 * Millisecond));
        Assert.True(thrift.IsPaused());
    }

    [Fact]
    public void Used_NodeBecomesSlow_OldGainsAreForgotten()
    {
        var thrift = Thrift();
        Use(thrift, 1000, new RequestCost(Millisecond, 100, 10, 10 * Millisecond));
        Use(thrift, 64, new RequestCost(2000 * Millisecond, 0, 110, 110 * Millisecond));
        Assert.True(thrift.IsPaused());
    }

    [Fact]
    public void Used_SwitchedOff_NeverPauses()
    {
        var thrift = Thrift(options => options with { PauseWhenUseless = false });
        Use(thrift, 100, new RequestCost(10 * Millisecond, 0, 1, Millisecond));
        Assert.False(thrift.IsPaused());
    }

    private static void Use(ClientThrift thrift, int times, RequestCost cost)
    {
        for (var i = 0; i < times; i++) thrift.Used(cost);
    }

    private ClientThrift Thrift(Func<PrefixCacheClientOptions, PrefixCacheClientOptions>? change = null)
    {
        var options = new PrefixCacheClientOptions { Address = "http://127.0.0.1:1", TimeProvider = _time };
        return new ClientThrift(change is null ? options : change(options), _events.Add);
    }
}
