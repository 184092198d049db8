using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Planning;

public sealed class PausedClientTests
{
    [Fact]
    public async Task Lookup_CacheOfNoUse_LeavesTheNodeAloneUntilThePauseIsOver()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, events, clock) = (TestKv.Layout(), new EventLog(), new ReadingClock());
        var client = await node.ConnectAsync(options => options with { TimeProvider = clock });
        client.Changed += events.Add;
        await client.RegisterLayoutAsync(layout);
        for (var i = 0; i < 32; i++)
        {
            await using var used = await client.LookupAsync(layout, TestKv.Tokens(50, seed: 100 + i));
            Assert.False(used.IsPaused);
            await used.ReleaseAsync(new UsageReport { ComputedTokens = 50, ComputeTime = TimeSpan.FromMilliseconds(2) });
        }

        Assert.Equal(1, events.Count(ClientEventKind.Paused));
        var tokens = TestKv.Tokens(64);
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), 64);
        await using (var paused = await client.LookupAsync(layout, tokens))
        {
            Assert.True(paused.IsPaused);
            Assert.Equal((0, 0, MissReason.Policy, false), (paused.HitTokens, paused.LoadTokens, paused.MissReason, paused.IsLive));
            Assert.Equal(0, (await paused.RetrieveAsync(source)).Tokens);
            Assert.False(await paused.AppendAsync(TestKv.Tokens(2)));
            Assert.Equal(StoreSummary.Nothing, await paused.StoreAsync(source));
            Assert.False(await paused.ReleaseAsync());
        }

        Assert.Equal((32, 0L), ((int)node.Node.Counters.Lookups, node.Node.Snapshot().UsedBytes));
        clock.Advance(TimeSpan.FromSeconds(30));
        await using (var again = await client.LookupAsync(layout, tokens))
        {
            Assert.True(again.IsLive);
            Assert.Equal(2, (await again.StoreAsync(source)).Committed);
        }

        Assert.Equal(1, events.Count(ClientEventKind.Resumed));
        await using var hit = await client.LookupAsync(layout, tokens);
        Assert.Equal(64, hit.LoadTokens);
    }

    /// <summary>Each reading takes a millisecond, so a lookup costs one at least; timers are real.</summary>
    private sealed class ReadingClock : TimeProvider
    {
        private long _now = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _now, TimeSpan.TicksPerMillisecond);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _now, by.Ticks);
    }
}
