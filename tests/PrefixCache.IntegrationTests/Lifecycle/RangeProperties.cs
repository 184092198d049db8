using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

public sealed class RangeProperties
{
    /// <summary>Any prompt, any part stored, any range asked for, either order: exactly that range's bytes.</summary>
    [Theory]
    [InlineData(TransferPlane.Stream)]
    [InlineData(TransferPlane.SharedMemory)]
    public async Task Retrieve_OfAnyRangeOfAnyPrompt_GivesExactlyItsBytes(TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var layout = TestKv.Layout();
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        var cases = from total in Gen.Choose(1, 200)
                    from stored in Gen.Choose(1, total)
                    from first in Gen.Choose(0, total)
                    from end in Gen.Choose(0, total)
                    from align in Gen.Elements(0, 1, 7, 16)
                    from layerOrder in Gen.Elements(false, true)
                    select (total, stored, first, end, align, layerOrder);
        var salt = 0;
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (total, stored, first, end, align, layerOrder) = one;
            return CheckAsync(client, total, stored, first, end, new LookupOptions { AlignTokens = align, Salt = $"{salt++}" },
                layerOrder).GetAwaiter().GetResult();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static async Task<bool> CheckAsync(
        PrefixCacheClient client, int total, int stored, int first, int end, LookupOptions options, bool layerOrder)
    {
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(total));
        var source = TestKv.Memory(layout, TestKv.Compute(layout, tokens), total);
        await using (var cold = await client.LookupAsync(layout, tokens, options))
            await cold.StoreAsync(source, new TransferOptions { EndToken = stored });
        await using var warm = await client.LookupAsync(layout, tokens, options);
        var hit = options.AlignTokens > 1 ? stored / options.AlignTokens * options.AlignTokens : stored;
        if (warm.HitTokens != hit) return false;
        var memory = new byte[layout.Shapes[0].PayloadBytes(total)];
        var transfer = new TransferOptions { FirstToken = first, EndToken = end, LayerOrder = layerOrder };
        var loaded = await warm.RetrieveAsync(TestKv.Memory(layout, memory, total), transfer);
        var expected = Math.Max(0, (end == 0 ? hit : Math.Min(end, hit)) - first);
        return loaded.Tokens == expected && loaded.Bytes == (long)expected * layout.Shapes[0].BytesPerToken
            && TestKv.FindDifference(layout, tokens, memory, first, expected) is null;
    }
}
