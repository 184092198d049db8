using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>Whatever is asked in whatever order: bytes are right, nothing leaks, nothing hangs.</summary>
public sealed class GpuProperties
{
    private const int Prompts = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task AnyOrder_OfStoresLookupsEvictionsAndClears_ServesRightBytesAndLeaksNothing(int seed)
    {
        var random = new Random(seed);
        using var node = new GpuNode(pages: 12, gpuPages: 5, promoteAfter: 1 + (seed % 2), maxQueued: seed == 3 ? 2 : 1024,
            maxGhostTokens: seed == 4 ? 400 : 1 << 20);
        var other = node.Test.Scheduler("other");
        var held = new List<(Session Session, LookupAnswer Answer, uint[] Tokens)>();
        for (var step = 0; step < 3000; step++)
        {
            var tokens = Prompt(random.Next(Prompts), random.Next(1, 60));
            switch (random.Next(20))
            {
                case < 5:
                    Put(node, tokens);
                    break;
                case < 15:
                    var session = random.Next(4) == 0 ? other : node.Session;
                    var answer = await node.WaitAsync(session, tokens);
                    node.Verify(session, answer, tokens);
                    held.Add((session, answer, tokens));
                    if (random.Next(3) == 0) node.Settle();
                    break;
                case < 18 when held.Count > 0:
                    Release(random.Next(held.Count));
                    break;
                case 18 when random.Next(20) == 0:
                    node.Node.ClearTenant(node.Session);
                    break;
                default:
                    node.Test.Time.Advance(TimeSpan.FromSeconds(random.Next(100)));
                    break;
            }

            while (held.Count > 3) Release(0);
        }

        while (held.Count > 0) Release(0);
        node.Settle();
        Assert.True(node.Now is { BlocksPromoted: > 50, BlocksHit: > 50, BlocksDamaged: 0, IsOn: true }, $"{node.Now}");
        Assert.True(node.Now.BlocksDemoted > 0 || seed == 4, $"{node.Now}");
        node.Node.ClearTenant(node.Session);
        AssertEmpty(node);

        void Release(int index)
        {
            var (session, answer, tokens) = held[index];
            node.Verify(session, answer, tokens);
            node.Test.Done(session, answer);
            held.RemoveAt(index);
        }
    }

    [Fact]
    public async Task Moves_TenThousandUpAndDown_LeakNothing()
    {
        using var node = new GpuNode(pages: 8, gpuPages: 8, promoteAfter: 1);
        var flush = node.Test.Scheduler("flush");
        var round = 0u;
        for (; node.Now.BlocksPromoted < 10_000 || node.Now.BlocksDemoted < 10_000; round++)
        {
            node.Test.Time.Advance(TimeSpan.FromMinutes(20));

            // Up with six, out of the host tier by others, and back down.
            var tokens = TokenList.Count(96, round % 50 * 1000);
            if ((await node.WaitAsync(node.Session, tokens)) is { HitTokens: < 96 } cold) await StoreAsync(cold, tokens);
            node.Settle();
            node.Test.Put(flush, TokenList.Count(128, 1_000_000 + (round % 7 * 1000)), salt: "flush");
            var back = await node.WaitAsync(node.Session, tokens);
            Assert.Equal(96, back.HitTokens);
            node.Verify(node.Session, back, tokens);
            node.Test.Done(node.Session, back);
        }

        node.Settle();
        Assert.Equal(0L, node.Now.BlocksDamaged);
        node.Node.ClearTenant(node.Session);
        AssertEmpty(node);

        async Task StoreAsync(LookupAnswer cold, uint[] tokens)
        {
            node.Store(node.Session, cold, tokens);
            node.Test.Done(node.Session, cold);
            node.Test.Done(node.Session, await node.WaitAsync(node.Session, tokens));
        }
    }

    /// <summary>Prompts share beginnings with others.</summary>
    private static uint[] Prompt(int number, int tokens) =>
        [.. Enumerable.Range(0, tokens).Select(i => ((uint)(i < 16 ? number % 3 : i < 32 ? number % 6 : number) * 1000) + (uint)i)];

    private static void Put(GpuNode node, uint[] tokens)
    {
        var answer = node.Lookup(node.Session, tokens);
        node.Verify(node.Session, answer, tokens);
        node.Store(node.Session, answer, tokens);
        node.Test.Done(node.Session, answer);
    }

    private static void AssertEmpty(GpuNode node)
    {
        node.Settle();
        node.Test.AssertIdle();
        var (now, counts) = (node.Now, node.Gpu.Counts);
        Assert.Equal((0L, 0, 0), (now.AllocatedBytes, now.Blocks, now.LeasedBlocks));
        Assert.Equal((0, 0, 1), (counts.Events, counts.CopiesUnderWay, counts.Allocations));
        var control = node.Session.Gpu!.Control;
        Assert.Equal(control.EntryCount, control.FreeEntryCount);
    }
}
