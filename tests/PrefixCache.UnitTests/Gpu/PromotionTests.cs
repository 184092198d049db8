using PrefixCache.Core.Planning;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sharing;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>Which chunks are copied to a device, and what a worker is told of them.</summary>
public sealed class PromotionTests
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    [Fact]
    public void Lookup_ChunksThatWereHitBefore_FindsThemOnTheDeviceWithTheirBytes()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        Assert.Equal(0, node.Hit(Tokens));
        Assert.Equal(0, node.Now.Blocks);
        Assert.Equal(0, node.Hit(Tokens));

        var answer = node.Lookup(node.Session, Tokens);
        var located = answer.Located[0].Gpu!;
        Assert.Equal([(0, 16), (1, 16), (2, 8)], located.Blocks.Select(block => (block.Position, block.Tokens)));
        Assert.Equal(node.Session.Gpu!.Id, located.ArenaId);
        Assert.All(located.Blocks, block => Assert.True(block.Generation > 0 && block.Generation % 2 == 0));
        node.Verify(node.Session, answer, Tokens);
        Assert.Equal((40, 3, 3), (answer.GpuTokens, node.Now.LeasedBlocks, (int)node.Now.BlocksHit));
        node.Test.Done(node.Session, answer);
        Assert.Equal((3L, 0), (node.Now.BlocksPromoted, node.Now.LeasedBlocks));
    }

    [Fact]
    public void Lookup_PartsOnTheDevice_DecidesOnEachTier()
    {
        using var node = new GpuNode();
        node.Put(Tokens[..16]);
        node.Hit(Tokens[..16], times: 2);
        node.Put(Tokens);
        var answer = node.Lookup(node.Session, Tokens);
        Assert.Equal((CacheTier.Gpu, 0, 16), Part(answer.Plan.Gpu));
        Assert.Equal((CacheTier.Host, 16, 40), Part(answer.Plan.Host));
        Assert.Equal(40, answer.Plan.LoadTokens);
        Assert.Equal([true, false, false], Enumerable.Range(0, 3).Select(answer.IsOnGpu));
        node.Test.Done(node.Session, answer);

        static (CacheTier Tier, int First, int End) Part(LoadDecision decision) => (decision.Tier, decision.FirstToken, decision.EndToken);
    }

    [Fact]
    public void Lookup_TheSameRequestAgain_IsNotHitTwice()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        var query = new LookupQuery(node.Session, "r", node.Test.Layout, "", "", 0, 0) { LocateShards = [0] };
        for (var i = 0; i < 5; i++) TestNode.Value(node.Node.Lookups.Lookup(query, TokenList.Buffer(Tokens)));
        Assert.Equal((0, 0L), (node.Now.Moving, node.Now.BlocksPromoted));
    }

    [Fact]
    public void Lookup_SessionWithoutTheDevice_NeitherFindsNorHeats()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        var other = node.Test.Scheduler("other");
        TestNode.Value(node.Node.Sharing.Attach(other, node.Process));
        for (var i = 0; i < 5; i++) node.Test.Done(other, node.Lookup(other, Tokens));
        Assert.Equal(0L, node.Now.BlocksPromoted);
        node.Hit(Tokens, times: 2);
        Assert.Null(node.Lookup(other, Tokens).Located[0].Gpu);
    }

    [Fact]
    public void Promote_ArenaIsFull_TheColderGivesWayAndTheHotterStays()
    {
        using var node = new GpuNode(gpuPages: 2);
        uint[][] prompts = [TokenList.Count(16), TokenList.Count(16, 100), TokenList.Count(16, 200)];
        foreach (var prompt in prompts) node.Put(prompt);
        node.Hit(prompts[0], times: 6);
        node.Hit(prompts[1], times: 2);
        node.Hit(prompts[2], times: 3);
        Assert.Equal(16, node.Hit(prompts[0]));
        Assert.Equal(16, node.Hit(prompts[2]));
        Assert.Equal(0, node.Hit(prompts[1]));
        Assert.Equal(1L, node.Now.BlocksDropped);
    }

    [Fact]
    public void Promote_EverythingIsLeased_IsRefusedAndComesLater()
    {
        using var node = new GpuNode(gpuPages: 1);
        uint[][] prompts = [TokenList.Count(16), TokenList.Count(16, 100)];
        foreach (var prompt in prompts) node.Put(prompt);
        node.Hit(prompts[0], times: 2);
        var held = node.Lookup(node.Session, prompts[0]);
        for (var i = 0; i < 4; i++) node.Test.Done(node.Session, node.Lookup(node.Session, prompts[1]));
        Assert.True(SpinWait.SpinUntil(() => node.Now.PromotionsRefused > 0, TimeSpan.FromSeconds(20)));
        node.Verify(node.Session, held, prompts[0]);
        node.Test.Done(node.Session, held);
        node.Hit(prompts[1], times: 2);
        Assert.Equal(16, node.Hit(prompts[1]));
    }

    [Fact]
    public void Promote_DamagedInTheHostTier_StaysThere()
    {
        using var node = new GpuNode();
        node.Put(Tokens[..16]);
        var answer = node.Lookup(node.Session, Tokens[..16]);
        answer.Located[0].Blocks[0].Payload.Span[100] ^= 1;
        node.Test.Done(node.Session, answer);
        node.Hit(Tokens[..16], times: 3);
        Assert.Equal((0, 0L), (node.Now.Blocks, node.Now.AllocatedBytes));
        Assert.True(node.Now.BlocksDamaged > 0);
    }

    [Fact]
    public void Promote_HitsThatLieFarApart_DoNotAddUp()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        for (var i = 0; i < 5; i++)
        {
            node.Hit(Tokens);
            node.Test.Time.Advance(TimeSpan.FromMinutes(30));
        }

        Assert.Equal(0L, node.Now.BlocksPromoted);
    }

    [Fact]
    public void Clear_CopyUnderWay_KeepsTheMemoryUntilItHasEnded()
    {
        using var node = new GpuNode(gpuPages: 1);
        node.Put(Tokens[..16]);
        node.Gpu.Gate.Close();
        for (var i = 0; i < 2; i++) node.Test.Done(node.Session, node.Lookup(node.Session, Tokens[..16]));
        node.Gpu.Gate.WaitUntilHeld();
        node.Node.ClearTenant(node.Session);
        Assert.Equal(TestNode.PageBytes, node.Now.AllocatedBytes);
        node.Gpu.Gate.Open();
        node.Settle();
        Assert.Equal((0L, 0, 0L), (node.Now.AllocatedBytes, node.Now.Blocks, node.Now.BlocksPromoted));
    }

    [Fact]
    public void Clear_BlocksInPlace_AreWithdrawnFromReaders()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        var answer = node.Lookup(node.Session, Tokens);
        var block = answer.Located[0].Gpu!.Blocks[0];
        var control = node.Session.Gpu!.Control;
        node.Node.ClearTenant(node.Session);

        // A reader that was told of it may still copy.
        Assert.Equal(block.Generation, control.Generation(block.Entry));
        node.Verify(node.Session, answer, Tokens);
        node.Test.Done(node.Session, answer);
        Assert.NotEqual(block.Generation, control.Generation(block.Entry));
        Assert.Equal((0L, 0), (node.Now.AllocatedBytes, node.Now.Blocks));
    }

    [Fact]
    public void Locate_RanksOfAnEngineOnTwoDevices_EachHasItsShardOnItsOwn()
    {
        var other = new Guid("6e1c0000-0000-4000-8000-000000000002");
        var driver = new HostMemoryDriver(new HostMemoryOptions(), new HostMemoryOptions { Uuid = other });
        using var node = new GpuNode(driver: driver, layout: TestNode.TwoShards());
        var ranks = new[] { node.Attach(node.Test.Rank(0)), node.Attach(node.Test.Rank(1), device: 2) };
        var first = node.Lookup(node.Session, Tokens);
        for (var rank = 0; rank < 2; rank++) node.Test.Store(ranks[rank], first, Tokens, rank);
        node.Test.Done(node.Session, first);
        for (var i = 0; i < 2; i++)
        {
            var answer = node.Test.Lookup(node.Session, "heat", Tokens);
            for (var rank = 0; rank < 2; rank++) TestNode.Value(node.Node.Sharing.Locate(ranks[rank], answer.Reservation, rank));
            node.Test.Done(node.Session, answer);
        }

        Assert.True(SpinWait.SpinUntil(() => node.Node.Gpu!.Devices.All(device => device.Blocks == 3), TimeSpan.FromSeconds(20)));
        var last = node.Test.Lookup(node.Session, "last", Tokens);
        for (var rank = 0; rank < 2; rank++)
        {
            var located = TestNode.Value(node.Node.Sharing.Locate(ranks[rank], last.Reservation, rank)).Gpu!;
            Assert.Equal(ranks[rank].Gpu!.Id, located.ArenaId);
            Assert.Equal(3, located.Blocks.Count);
            var read = driver.Gpus[rank].Read(ranks[rank].Gpu!.Memory.Address + (ulong)located.Blocks[0].Offset, TestNode.PageBytes);
            Assert.Equal(KvBytes.Of("", rank, Tokens.AsSpan(0, 16), read.Length), read);
        }

        node.Test.Done(node.Session, last);
    }

    [Fact]
    public void AttachGpu_WithoutTheHostArenaOrByAnUnknownNumber_IsRefused()
    {
        using var node = new GpuNode();
        var session = node.Test.Scheduler("other");
        TestNode.Fails(CacheStatus.FailedPrecondition, "host arena", node.Node.Sharing.AttachGpu(session, node.Process, 1));
        TestNode.Fails(CacheStatus.InvalidArgument, "lists 1", node.Node.Sharing.AttachGpu(session, node.Process, 2));
        TestNode.Value(node.Node.Sharing.Attach(session, node.Process));
        TestNode.Fails(CacheStatus.FailedPrecondition, "host arena", node.Node.Sharing.AttachGpu(session, new WorkerProcess(1), 1));
    }
}
