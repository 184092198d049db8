using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Lifecycle;

/// <summary>Payload from and to an engine's paged cache.</summary>
public sealed class PagedMemoryTests
{
    private const int PageTokens = 16;

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(320, false)]
    [InlineData(320, true)]
    public async Task StoreAndRetrieve_BetweenShuffledPages_KeepEveryByte(int stride, bool layerOrder)
    {
        await using var node = await RunningNode.StartAsync();
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var shape = layout.Shapes[0];
        var kv = TestKv.Compute(layout, tokens);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using (var cold = await client.LookupAsync(layout, tokens))
        {
            var source = Paged.Make(shape, tokens.Length, stride, seed: 1);
            Paged.Copy(TestKv.Memory(layout, kv, tokens.Length), source.Memory, shape, 0, tokens.Length);
            Assert.Equal(5, (await cold.StoreAsync(source.Memory)).Committed);
        }

        await using var warm = await client.LookupAsync(layout, tokens, new LookupOptions { AlignTokens = PageTokens });
        Assert.Equal(144, warm.HitTokens);
        var target = Paged.Make(shape, tokens.Length, stride, seed: 2);
        var loaded = await warm.RetrieveAsync(target.Memory, new TransferOptions { FirstToken = 16, LayerOrder = layerOrder });
        Assert.Equal((144, 128), (loaded.EndToken, loaded.Tokens));
        var received = new byte[kv.Length];
        Paged.Copy(target.Memory, TestKv.Memory(layout, received, tokens.Length), shape, 16, 128);
        Assert.Null(TestKv.FindDifference(layout, tokens, received, 16, 128));

        // Nothing beside those tokens was touched: neither other pages nor what lies between two strides.
        Assert.Equal(128L * shape.BytesPerToken, target.Segments.Sum(segment => segment.LongCount(value => value != 0)
            + CountZeros(layout, tokens, shape, segment: Array.IndexOf(target.Segments, segment))));
    }

    /// <summary>Bytes of tokens 16 to 143 that are zero by themselves.</summary>
    private static long CountZeros(KvLayout layout, int[] tokens, ShardShape shape, int segment)
    {
        var bytes = shape.SegmentBytesPerToken(segment);
        return TestKv.Compute(layout, tokens).AsSpan(shape.SegmentOffset(segment, tokens.Length) + (16 * bytes),
            128 * bytes).Count((byte)0);
    }

    private sealed record Paged(PagedKvMemory Memory, byte[][] Segments)
    {
        public static Paged Make(ShardShape shape, int tokens, int stride, int seed)
        {
            var pages = ((tokens + PageTokens - 1) / PageTokens) + 3;
            var table = Enumerable.Range(0, pages).ToArray();
            new Random(seed).Shuffle(table);
            var segments = Enumerable.Range(0, shape.Segments)
                .Select(segment => new byte[pages * PageTokens * Math.Max(stride, shape.SegmentBytesPerToken(segment))]).ToArray();
            return new Paged(new PagedKvMemory([.. segments.Select(segment => segment.AsMemory())], shape, table, PageTokens, stride),
                segments);
        }

        public static void Copy(IKvMemory from, IKvMemory to, ShardShape shape, int first, int count)
        {
            for (var segment = 0; segment < shape.Segments; segment++)
                for (var token = first; token < first + count; token++)
                    from.GetRun(segment, token, 1).CopyTo(to.GetRun(segment, token, 1));
        }
    }
}
