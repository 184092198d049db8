using PrefixCache.Core.Planning;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>Chunks that the host tier had to give up while a device still has them.</summary>
public sealed class DemotionTests
{
    private static readonly uint[] Tokens = TokenList.Count(32);

    [Fact]
    public async Task Lookup_EvictedFromTheHostTier_ComesBackFromTheDevice()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        Assert.Equal(0, node.Test.Hit(node.Session, Tokens));

        var answer = await node.WaitAsync(node.Session, Tokens);
        Assert.Equal((32, 32), (answer.HitTokens, answer.GpuTokens));
        node.Verify(node.Session, answer, Tokens);
        node.Test.Done(node.Session, answer);
        Assert.Equal((2L, 2L * TestNode.PageBytes), (node.Now.BlocksDemoted, node.Now.BytesDemoted));
    }

    [Fact]
    public async Task Lookup_WorkerWithoutADevice_GetsBackWhatADeviceHas()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        var other = node.Test.Scheduler("other");
        var answer = await node.WaitAsync(other, [.. Tokens, 1, 2, 3]);
        Assert.Equal(32, answer.HitTokens);
        node.Verify(other, answer, Tokens);
        node.Test.Done(other, answer);
    }

    [Fact]
    public async Task Lookup_FirstTokensOfAChunkThatADeviceAloneHas_AreAHit()
    {
        using var node = new GpuNode(pages: 4, layout: Format.Layouts.KvLayout.Uniform("m", "r", Format.Layouts.KvType.BFloat16, 1, 1, 32, 32));
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        var answer = await node.WaitAsync(node.Session, [.. Tokens[..20], 7, 8, 9]);
        Assert.Equal(20, answer.HitTokens);
        node.Test.Done(node.Session, answer);
    }

    [Fact]
    public async Task Lookup_CopyThatTakesLong_IsPendingAndSaysFromWhere()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Gpu.Gate.Close();
        var waiting = node.WaitAsync(node.Session, Tokens);
        node.Gpu.Gate.WaitUntilHeld();
        node.Test.Time.Advance(TimeSpan.FromMilliseconds(60));
        var late = await waiting;
        Assert.Equal((0, 32, CacheTier.Gpu), (late.HitTokens, late.PendingTokens, late.PendingTier));
        node.Gpu.Gate.Open();
        node.Settle();
        Assert.Equal(32, node.Test.Hit(node.Session, Tokens));
        node.Test.Done(node.Session, late);
    }

    [Fact]
    public async Task Lookup_DamagedOnTheDevice_IsAMissAndGone()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        var answer = node.Lookup(node.Session, Tokens);
        var second = answer.Located[0].Gpu!.Blocks[1];
        node.Test.Done(node.Session, answer);
        node.Gpu.Write(node.Session.Gpu!.Memory.Address + (ulong)second.Offset + 100, [0xAA, 0xBB]);
        node.Flush();

        var back = await node.WaitAsync(node.Session, Tokens);
        Assert.Equal(16, back.HitTokens);
        node.Verify(node.Session, back, Tokens);
        node.Test.Done(node.Session, back);
        Assert.Equal((1L, 1), (node.Now.BlocksDamaged, node.Now.Blocks));
        node.Settle();
        Assert.Equal(16, (await node.WaitAsync(node.Session, Tokens)).HitTokens);
    }

    [Fact]
    public async Task Lookup_HostTierIsAllLeased_IsAMissThatDoesNotHang()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        var other = node.Test.Scheduler("other");
        var held = node.Test.Lookup(other, "held", TokenList.Count(64, 5000), salt: "flush");
        Assert.Equal(64, held.HitTokens);
        var answer = await node.WaitAsync(node.Session, Tokens);
        Assert.Equal((0, 0), (answer.HitTokens, answer.PendingTokens));
        node.Test.Done(node.Session, answer);
        node.Test.Done(other, held);
        Assert.Equal(2, node.Now.Blocks);
    }

    [Fact]
    public void Promote_HotterOnesPressADevice_WhatTheHostTierLacksGoesDownWhereThereIsRoom()
    {
        using var node = new GpuNode(pages: 4, gpuPages: 1);
        uint[][] prompts = [TokenList.Count(16), TokenList.Count(16, 100)];
        node.Put(prompts[0]);
        node.Hit(prompts[0], times: 2);
        node.Flush();
        node.Node.ClearNamespace(node.Session, node.Test.Layout, "flush", "");
        node.Put(prompts[1]);
        node.Hit(prompts[1], times: 5);
        Assert.Equal(16, node.Hit(prompts[1]));
        Assert.Equal((1L, 0L), (node.Now.BlocksDemoted, node.Now.BlocksDropped));
        Assert.Equal(16, node.Test.Hit(node.Session, prompts[0]));
    }

    [Fact]
    public void Evict_TokensThatNobodyRemembers_FreeTheDevicesCopyToo()
    {
        using var node = new GpuNode(pages: 4, maxGhostTokens: 0);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        Assert.Equal(2, node.Now.Blocks);
        node.Flush();
        Assert.Equal((0, 0L, 2L), (node.Now.Blocks, node.Now.AllocatedBytes, node.Now.BlocksDropped));
    }

    [Fact]
    public async Task Lookup_StoredAnewMeanwhile_ServesTheNewAndKeepsTheDevicesCopy()
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Flush();
        node.Put(Tokens);
        var answer = await node.WaitAsync(node.Session, Tokens);
        Assert.Equal((32, 32), (answer.HitTokens, answer.GpuTokens));
        node.Verify(node.Session, answer, Tokens);
        node.Test.Done(node.Session, answer);
        Assert.Equal(0L, node.Now.BlocksDemoted);
    }
}
