using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sharing;
using PrefixCache.TestDevices.HostMemory;
using PrefixCache.UnitTests.Gpu;

namespace PrefixCache.UnitTests.Attack;

/// <summary>Chunks on devices that are cleared, evicted, damaged or wanted at the worst moment, and devices that fail then.</summary>
public sealed class GpuAttackTests
{
    private static readonly uint[] Tokens = TokenList.Count(32);

    [Fact]
    public void Locate_ChunksThatWereCleared_AreNotCopiedUpAnew()
    {
        using var node = new GpuNode(promoteAfter: 1);
        var rank = node.Attach(node.Test.Rank(0));
        node.Test.Put(node.Session, Tokens);
        var held = node.Test.Lookup(node.Session, "held", Tokens);
        node.Node.ClearTenant(node.Session);

        // The reservation keeps the host's blocks, whose places a rank may still ask for.
        for (var i = 0; i < 2; i++)
        {
            var located = TestNode.Value(node.Node.Sharing.Locate(rank, held.Reservation, 0));
            Assert.Equal(2, located.Blocks.Count);
            Assert.Null(located.Gpu);
            node.Settle();
        }

        node.Test.Done(node.Session, held);
        Assert.Equal((0, 0L), (node.Now.Blocks, node.Now.AllocatedBytes));
    }

    [Fact]
    public void Locate_ChunksThatWereClearedOnTheDevice_GiveTheirMemoryBackWithTheReservation()
    {
        using var node = new GpuNode(promoteAfter: 1);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        var held = node.Lookup(node.Session, Tokens);
        Assert.Equal(32, held.GpuTokens);
        node.Node.ClearTenant(node.Session);
        Assert.Equal(2, node.Now.Blocks);
        _ = TestNode.Value(node.Node.Sharing.Locate(node.Session, held.Reservation, 0));
        node.Settle();
        node.Test.Done(node.Session, held);
        Assert.Equal((0, 0L), (node.Now.Blocks, node.Now.AllocatedBytes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Return_DeviceLacksMemoryForAnEventWhileItCopies_NoOtherChunkIsWrittenOver(bool isOutOfMemory)
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Gpu.Gate.Close();
        node.Gpu.Faults.Refuse(DeviceCall.Record, times: 1, isOutOfMemory: isOutOfMemory);
        var waiting = node.WaitAsync(node.Session, Tokens);
        node.Gpu.Gate.WaitUntilHeld();
        SpinWait.SpinUntil(() => waiting.IsCompleted, TimeSpan.FromMilliseconds(300));

        var others = TokenList.Count(64, 9000);
        try
        {
            var answer = node.Lookup(node.Session, others);
            node.Store(node.Session, answer, others);
            node.Test.Done(node.Session, answer);
        }
        finally
        {
            node.Gpu.Gate.Open();
        }

        Assert.True(SpinWait.SpinUntil(() => node.Gpu.Counts.CopiesUnderWay == 0, TimeSpan.FromSeconds(20)));
        node.Settle();
        var hit = node.Lookup(node.Session, others);
        node.Verify(node.Session, hit, others);
        node.Test.Done(node.Session, hit);
        node.Test.Done(node.Session, await waiting);
        Assert.False(node.Now.IsOn);
        node.Test.AssertIdle();
    }

    [Fact]
    public async Task Lookup_RestIsTooShortForAHit_CopiesNothingBackForIt()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Gpu.Gate.Close();
        var waiting = node.WaitAsync(node.Session, Tokens[..5]);
        SpinWait.SpinUntil(() => waiting.IsCompleted, TimeSpan.FromSeconds(1));
        node.Gpu.Gate.Open();
        var answer = await waiting;
        Assert.Equal((0, 0), (answer.HitTokens, answer.PendingTokens));
        node.Settle();
        node.Test.Done(node.Session, answer);
        Assert.Equal(0L, node.Now.BlocksDemoted);
    }

    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(0, 16, 16)]
    [InlineData(0, 40, 24)]
    [InlineData(8, 10, 10)]
    [InlineData(8, 20, 16)]
    [InlineData(8, 40, 24)]
    public async Task Lookup_WhatComesBack_IsWhatTheHostTierWouldServe(int minPartial, int asked, int hit)
    {
        using var node = new GpuNode(pages: 4, change: options => options with { MinPartialTokens = minPartial });
        uint[] stored = TokenList.Count(24);
        node.Put(stored);
        node.Hit(stored, times: 2);
        var prompt = TokenList.Count(asked);
        var before = node.Lookup(node.Session, prompt);
        Assert.Equal(hit, before.HitTokens);
        node.Test.Done(node.Session, before);
        node.Settle();
        node.Flush();
        var answer = await node.WaitAsync(node.Session, prompt);
        Assert.Equal((hit, hit), (answer.HitTokens, answer.PendingTokens));
        node.Verify(node.Session, answer, prompt);
        node.Test.Done(node.Session, answer);
    }

    [Fact]
    public void Promote_BlockTableIsFullOfColdOnes_TheyMakeWay()
    {
        using var node = new GpuNode(pages: 1400, gpuPages: 1300, promoteAfter: 1,
            change: options => options with { Host = options.Host with { MaxBlocks = 4096 } });
        var entries = node.Session.Gpu!.Control.EntryCount;
        Assert.Equal(1024, entries);
        for (var i = 0u; i < entries; i++)
        {
            node.Put(Prompt(i));
            node.Test.Done(node.Session, node.Lookup(node.Session, Prompt(i)));
        }

        node.Settle();
        Assert.Equal(entries, node.Now.Blocks);
        node.Test.Time.Advance(TimeSpan.FromHours(1));
        node.Put(Prompt(5000));
        node.Hit(Prompt(5000), times: 3);
        Assert.Equal(16, node.Hit(Prompt(5000)));
        Assert.Equal(1L, node.Now.BlocksDropped);

        static uint[] Prompt(uint number) => TokenList.Count(16, (number + 1) * 1000);
    }

    [Fact]
    public void Attach_AnotherProcessTakesTheSession_DoesNotGetTheFirstOnesDevice()
    {
        using var node = new GpuNode(promoteAfter: 1);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Node.Sharing.Ended(node.Process);
        var next = new WorkerProcess(4712);
        TestNode.Value(node.Node.Sharing.Attach(node.Session, next));
        var answer = node.Lookup(node.Session, Tokens);
        Assert.Equal((32, 0), (answer.HitTokens, answer.GpuTokens));
        node.Test.Done(node.Session, answer);
        TestNode.Value(node.Node.Sharing.AttachGpu(node.Session, next, 1));
        var again = node.Lookup(node.Session, Tokens);
        Assert.Equal(32, again.GpuTokens);
        node.Test.Done(node.Session, again);
    }

    [Fact]
    public void AttachGpu_TenantsOfDifferentTrustDomains_GetTheirOwnMemoryUnderEveryNumber()
    {
        using var node = new GpuNode(gpuPages: 64, promoteAfter: 1, change: options => options with
        {
            TrustDomains = [new TrustDomainOptions("lab", 32 * TestNode.PageBytes, ["lab"])],
        });
        var lab = node.Test.Scheduler("lab", "lab");
        node.Attach(lab);
        Assert.NotEqual(node.Session.Gpu!.Id, lab.Gpu!.Id);
        TestNode.Fails(CacheStatus.InvalidArgument, "no device memory 2", node.Node.Sharing.AttachGpu(lab, node.Process, 2));
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        var answer = node.Lookup(lab, Tokens);
        Assert.Equal(0, answer.HitTokens);
        TestNode.Fails(CacheStatus.NotFound, "unknown",
            node.Node.Sharing.Locate(lab, node.Lookup(node.Session, Tokens).Reservation, 0));
        node.Test.Done(lab, answer);
    }

    [Fact]
    public void AttachGpu_NumbersBeyondTheList_AreRefused()
    {
        using var node = new GpuNode();
        foreach (var number in new[] { 0, -1, 2, int.MaxValue, int.MinValue })
            TestNode.Fails(CacheStatus.InvalidArgument, $"no device memory {number}",
                node.Node.Sharing.AttachGpu(node.Session, node.Process, number));
    }

    [Fact]
    public async Task Return_DamagedWhileAReservationHoldsIt_IsNotServedWhenItIsStoredAnew()
    {
        using var node = new GpuNode(pages: 8, promoteAfter: 1, change: options => options with { MinPartialTokens = 4 });
        uint[] first = [.. TokenList.Count(24), .. TokenList.Count(8, 700)], second = TokenList.Count(32);

        // A tail that a reservation was told of on the device, until a longer one came: it stays there as long as the reservation.
        node.Put(first);
        node.Hit(first, times: 2);
        Assert.Equal(24, Ask().HitTokens);
        node.Put(second);
        var held = Ask();
        Assert.Equal(32, held.HitTokens);
        var answer = node.Lookup(node.Session, first);
        var tail = answer.Located[0].Gpu!.Blocks[1];
        node.Test.Done(node.Session, answer);
        node.Flush(pages: 6);
        node.Gpu.Write(node.Session.Gpu!.Memory.Address + (ulong)tail.Offset + 100, [0xAA, 0xBB]);

        var back = await node.WaitAsync(node.Session, first);
        Assert.NotEqual(32, back.HitTokens);
        node.Test.Done(node.Session, back);
        Assert.Equal(1L, node.Now.BlocksDamaged);
        node.Put(first);
        for (var i = 0; i < 3; i++)
        {
            var again = node.Lookup(node.Session, first);
            Assert.Equal(32, again.HitTokens);
            node.Verify(node.Session, again, first);
            node.Test.Done(node.Session, again);
            node.Settle();
            if (i == 1) node.Test.Done(node.Session, held);
        }

        LookupAnswer Ask() => TestNode.Value(node.Node.Lookups.Lookup(
            new LookupQuery(node.Session, "long", node.Test.Layout, "", "", 0, 0) { LocateShards = [0] }, TokenList.Buffer(second)));
    }

    [Fact]
    public void Promote_TheColdestLiesOnAnotherDeviceToo_ItIsDroppedHereAndStaysThere()
    {
        var options = new HostMemoryOptions { GranularityBytes = TestNode.PageBytes };
        var driver = new HostMemoryDriver(options, options with { Uuid = new Guid("6e1c0000-0000-4000-8000-000000000002") });
        using var node = new GpuNode(pages: 4, gpuPages: 1, driver: driver, promoteAfter: 1);
        var other = node.Attach(node.Test.Scheduler("other"), device: 2);
        uint[] first = TokenList.Count(16), second = TokenList.Count(16, 100);
        foreach (var session in new[] { other, node.Session })
        {
            var answer = node.Lookup(session, first);
            node.Store(session, answer, first);
            node.Test.Done(session, answer);
            node.Test.Done(session, node.Lookup(session, first));
            Settle();
        }

        node.Flush();
        node.Node.ClearNamespace(node.Session, node.Test.Layout, "flush", "");
        node.Put(second);
        Assert.Equal([1, 1], node.Node.Gpu!.Devices.Select(device => device.Blocks));
        for (var i = 0; i < 6; i++)
        {
            node.Test.Done(node.Session, node.Lookup(node.Session, second));
            Settle();
        }

        Assert.Equal([1L, 0L], node.Node.Gpu.Devices.Select(device => device.BlocksDropped));
        Assert.Equal([1, 1], node.Node.Gpu.Devices.Select(device => device.Blocks));
        Assert.Equal([0L, 0L], node.Node.Gpu.Devices.Select(device => device.BlocksDemoted));

        void Settle() => Assert.True(
            SpinWait.SpinUntil(() => node.Node.Gpu!.Devices.All(device => device.Moving == 0), TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Lookup_WaitsForLongerThanTheBudget_IsAnsweredWhenTheChunksAreBack()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Gpu.Gate.Close();
        List<Task<LookupAnswer>> waits = [Wait("a"), Wait("b")];
        node.Gpu.Gate.WaitUntilHeld();
        node.Test.Time.Advance(TimeSpan.FromMilliseconds(60));
        SpinWait.SpinUntil(() => waits.Exists(wait => wait.IsCompleted), TimeSpan.FromMilliseconds(100));
        var early = waits.Count(wait => wait.IsCompleted);
        node.Gpu.Gate.Open();
        foreach (var answer in await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken))
        {
            Assert.Equal(32, answer.HitTokens);
            node.Verify(node.Session, answer, Tokens);
            node.Test.Done(node.Session, answer);
        }

        Assert.Equal((0, 2L), (early, node.Now.BlocksDemoted));
        node.Test.AssertIdle();

        async Task<LookupAnswer> Wait(string request) => TestNode.Value(await node.Node.Waits.LookupAsync(
            new LookupQuery(node.Session, request, node.Test.Layout, "", "", 0, 0) { LocateShards = [0] }, TokenList.Buffer(Tokens),
            TimeSpan.FromSeconds(10), CancellationToken.None, CancellationToken.None));
    }

    [Fact]
    public async Task Lookup_GivenUpClearedOrLetGoWhileChunksComeBack_LeavesNothing()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Gpu.Gate.Close();
        using var quit = new CancellationTokenSource();
        var query = new LookupQuery(node.Session, "quit", node.Test.Layout, "", "", 0, 0);
        var given = node.Node.Waits.LookupAsync(
            query, TokenList.Buffer(Tokens), TimeSpan.FromSeconds(9), CancellationToken.None, quit.Token).AsTask();
        node.Gpu.Gate.WaitUntilHeld();
        await quit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        var late = node.WaitAsync(node.Session, Tokens);
        node.Node.ClearTenant(node.Session);
        node.Put(Tokens);
        node.Gpu.Gate.Open();
        var answer = await late.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        node.Verify(node.Session, answer, Tokens);
        node.Test.Done(node.Session, answer);
        node.Settle();
        node.Node.ClearTenant(node.Session);
        node.Test.AssertEmpty();
        Assert.Equal((0, 0L), (node.Now.Blocks, node.Now.AllocatedBytes));
    }
}
