using PrefixCache.Client;
using PrefixCache.Core.Index;
using PrefixCache.IntegrationTests.Fixtures;
using MissReason = PrefixCache.Client.MissReason;

namespace PrefixCache.IntegrationTests.Lifecycle;

/// <summary>What the node advises on stores, and what it keeps, on both planes.</summary>
public sealed class AdviceTests
{
    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Store_OnReuse_SendsTheSharedRunOfAChunkAlone(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options() with { Admission = AdmissionMode.OnReuse }, plane);
        var layout = TestKv.Layout();
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        var shared = TestKv.Tokens(116);
        var sent = new List<long>();
        for (var note = 0; note < 4; note++)
        {
            int[] tokens = [.. shared, .. TestKv.Tokens(70, seed: 10 + note)];
            await using var reservation = await client.LookupAsync(layout, tokens);
            Assert.Equal(note < 2 ? 0 : 116, reservation.HitTokens);
            var memory = new byte[layout.Shapes[0].PayloadBytes(tokens.Length)];
            await reservation.RetrieveAsync(TestKv.Memory(layout, memory, tokens.Length));
            Assert.Null(TestKv.FindDifference(layout, tokens, memory, 0, reservation.HitTokens));
            var stored = await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), tokens.Length));
            sent.Add(stored.Bytes);
        }

        Assert.Equal([0, 116L * layout.BytesPerToken, 0, 0], sent);
    }

    [Fact]
    public async Task Store_WithALimitBelowZero_KeepsNothing()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using (var cold = await client.LookupAsync(layout, tokens, new LookupOptions { StoreLimitTokens = -1 }))
        {
            var stored = await cold.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 150));
            Assert.Equal((0, 0), (stored.Committed, stored.Refused));
        }

        await using var warm = await client.LookupAsync(layout, tokens);
        Assert.Equal((0, 0L), (warm.HitTokens, node.Node.Snapshot().UsedBytes));
    }

    [Fact]
    public async Task Store_WithALimit_KeepsNothingBehindIt()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using (var cold = await client.LookupAsync(layout, tokens, new LookupOptions { StoreLimitTokens = 100 }))
        {
            Assert.Equal(MissReason.NeverSeen, cold.MissReason);
            await cold.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 150));
        }

        await using var warm = await client.LookupAsync(layout, tokens);
        Assert.Equal(100, warm.HitTokens);
        Assert.Equal(100 * layout.BytesPerToken, node.Node.Snapshot().UsedBytes);

        // The next turn inherits it.
        await using var parent = await client.LookupAsync(layout, tokens, new LookupOptions { StoreLimitTokens = 100 });
        int[] longer = [.. tokens, .. TestKv.Tokens(40, seed: 3)];
        await using var child = await client.LookupAsync(layout, longer, new LookupOptions { Parent = parent });
        await child.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, longer), longer.Length));
        Assert.Equal(100 * layout.BytesPerToken, node.Node.Snapshot().UsedBytes);
    }

    [Fact]
    public async Task Lookup_WithOtherItems_SharesWhatIsBeforeThem()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        var image = new LookupOptions { Items = [new MultimodalItem(90, new byte[] { 1, 2, 3 })] };
        await using (var cold = await client.LookupAsync(layout, tokens, image))
            await cold.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, tokens), 150));

        Assert.Equal(150, await HitAsync(image));
        Assert.Equal(90, await HitAsync(new LookupOptions { Items = [new MultimodalItem(90, new byte[] { 1, 2, 4 })] }));
        Assert.Equal(90, await HitAsync(new LookupOptions()));
        Assert.Equal(50, await HitAsync(image with { Items = [new MultimodalItem(50, new byte[] { 9 }), .. image.Items] }));

        async Task<int> HitAsync(LookupOptions options)
        {
            await using var reservation = await client.LookupAsync(layout, tokens, options);
            return reservation.HitTokens;
        }
    }

    [Fact]
    public async Task Lookup_ParentWithTheSameTokensAndOtherItems_IsNotServedTheParents()
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        MultimodalItem[] image = [new(90, new byte[] { 1, 2, 3 })];
        await using var first = await client.LookupAsync(layout, tokens.AsMemory(0, 140), new LookupOptions { Items = image });
        await first.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, [.. tokens.Take(140)]), 140));

        await using var same = await client.LookupAsync(layout, tokens, new LookupOptions { Items = image, Parent = first });
        await using var other = await client.LookupAsync(
            layout, tokens, new LookupOptions { Items = [new(90, new byte[] { 9 })], Parent = first });
        await using var none = await client.LookupAsync(layout, tokens, new LookupOptions { Parent = first });

        Assert.Equal((140, 90, 90), (same.HitTokens, other.HitTokens, none.HitTokens));
    }

    [Fact]
    public async Task Pin_UnderPressure_KeepsItsPrefix()
    {
        await using var node = await RunningNode.StartAsync(RunningNode.Options(4 << 20));
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(200));
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await StoreAsync(tokens);
        var pin = await client.PinAsync(layout, tokens, new PinOptions { Time = TimeSpan.FromMinutes(1) });
        Assert.Equal((200, TimeSpan.FromMinutes(1)), (pin.Tokens, pin.Time));

        for (var other = 0; other < 30; other++) await StoreAsync(TestKv.Tokens(200, seed: 100 + other));
        await using (var hit = await client.LookupAsync(layout, tokens)) Assert.Equal(200, hit.HitTokens);
        var refused = await Assert.ThrowsAsync<PrefixCacheException>(
            () => client.PinAsync(layout, tokens, new PinOptions { Time = TimeSpan.FromDays(3) }));
        Assert.Contains("max-pin-time", refused.Message, StringComparison.Ordinal);

        await client.UnpinAsync(pin.Id);
        await Assert.ThrowsAsync<PrefixCacheException>(() => client.UnpinAsync(pin.Id));
        Assert.Equal(0, node.Node.Snapshot().PinnedChunks);

        async Task StoreAsync(int[] prompt)
        {
            await using var reservation = await client.LookupAsync(layout, prompt);
            await reservation.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, prompt), prompt.Length));
        }
    }
}
