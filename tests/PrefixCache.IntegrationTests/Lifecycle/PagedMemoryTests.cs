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
    [InlineData(0, 0, false, TransferPlane.Stream)]
    [InlineData(0, 0, false, TransferPlane.SharedMemory)]
    [InlineData(0, 0, true, TransferPlane.Stream)]
    [InlineData(0, 0, true, TransferPlane.SharedMemory)]
    [InlineData(320, 0, false, TransferPlane.Stream)]
    [InlineData(320, 0, false, TransferPlane.SharedMemory)]
    [InlineData(320, 0, true, TransferPlane.Stream)]
    [InlineData(320, 0, true, TransferPlane.SharedMemory)]
    [InlineData(0, 2, false, TransferPlane.Stream)]
    [InlineData(0, 2, false, TransferPlane.SharedMemory)]
    [InlineData(0, 2, true, TransferPlane.Stream)]
    [InlineData(0, 2, true, TransferPlane.SharedMemory)]
    public async Task StoreAndRetrieve_BetweenShuffledPages_KeepEveryByte(int stride, int headMajorHeads, bool layerOrder,
        TransferPlane plane)
    {
        await using var node = await RunningNode.StartAsync(plane: plane);
        var (layout, tokens) = (TestKv.Layout(), TestKv.Tokens(150));
        var shape = layout.Shapes[0];
        var kv = TestKv.Compute(layout, tokens);
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout);
        await using (var cold = await client.LookupAsync(layout, tokens))
        {
            var source = Paged.Make(shape, tokens.Length, stride, headMajorHeads, seed: 1);
            Paged.Copy(TestKv.Memory(layout, kv, tokens.Length), source.Memory, shape, 0, tokens.Length);
            Assert.Equal(5, (await cold.StoreAsync(source.Memory)).Committed);
        }

        await using var warm = await client.LookupAsync(layout, tokens, new LookupOptions { AlignTokens = PageTokens });
        Assert.Equal(144, warm.HitTokens);
        var target = Paged.Make(shape, tokens.Length, stride, headMajorHeads, seed: 2);
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
        public static Paged Make(ShardShape shape, int tokens, int stride, int headMajorHeads, int seed)
        {
            var pages = ((tokens + PageTokens - 1) / PageTokens) + 3;
            var table = Enumerable.Range(0, pages).ToArray();
            new Random(seed).Shuffle(table);
            var segments = Enumerable.Range(0, shape.Segments)
                .Select(segment => new byte[pages * PageTokens * Math.Max(stride, shape.SegmentBytesPerToken(segment))]).ToArray();
            Memory<byte>[] memories = [.. segments.Select(segment => segment.AsMemory())];
            return new Paged(headMajorHeads > 0
                ? PagedKvMemory.HeadMajor(memories, shape, table, PageTokens, headMajorHeads)
                : new PagedKvMemory(memories, shape, table, PageTokens, stride), segments);
        }

        public static void Copy(IKvMemory from, IKvMemory to, ShardShape shape, int first, int count)
        {
            for (var segment = 0; segment < shape.Segments; segment++)
                for (var token = first; token < first + count; token++)
                    SetToken(to.GetTile(segment, token, 1), Token(from.GetTile(segment, token, 1)));
        }

        private static byte[] Token(KvTile tile) =>
            [.. Enumerable.Range(0, tile.Parts).SelectMany(part => tile.Memory.Slice(part * tile.PartStride, tile.PartBytes).ToArray())];

        private static void SetToken(KvTile tile, byte[] token)
        {
            for (var part = 0; part < tile.Parts; part++)
                token.AsMemory(part * tile.PartBytes, tile.PartBytes).CopyTo(tile.Memory[(part * tile.PartStride)..]);
        }
    }
}
