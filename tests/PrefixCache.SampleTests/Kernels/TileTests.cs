using PrefixCache.Samples.Llama.Kernels;

namespace PrefixCache.SampleTests.Kernels;

public unsafe class TileTests
{
    private const int Inner = 37;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Multiply_EveryWidthAndTile_SameBitsAsOneChain(bool accumulate)
    {
        const int Rows = 13;
        using NativeFloats a = Random(Rows * Inner, 1), panel = Random(Inner * Tile.Columns, 2), start = Random(Rows * Tile.Columns, 3);
        using NativeFloats wide = new(Rows * Tile.Columns), narrow = new(Rows * Tile.Columns);
        start.Span(0, Rows * Tile.Columns).CopyTo(wide.Span(0, Rows * Tile.Columns));
        start.Span(0, Rows * Tile.Columns).CopyTo(narrow.Span(0, Rows * Tile.Columns));
        Tile512.Multiply(a.Pointer, Inner, panel.Pointer, Inner, wide.Pointer, Tile.Columns, Rows, accumulate);
        Tile256.Multiply(a.Pointer, Inner, panel.Pointer, Inner, narrow.Pointer, Tile.Columns, Rows, accumulate);
        for (int i = 0; i < Rows * Tile.Columns; i++)
        {
            float first = accumulate ? start.Pointer[i] : 0;
            float expected = Chain(a.Pointer + i / Tile.Columns * Inner, panel.Pointer + i % Tile.Columns, first);
            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(wide.Pointer[i]));
            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(narrow.Pointer[i]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void MultiplyRow_AnyNumberOfPanels_SameBitsAsOneChain(int panels)
    {
        using NativeFloats a = Random(Inner, 4), weights = Random((long)panels * Inner * Tile.Columns, 5);
        using NativeFloats result = new(panels * Tile.Columns);
        Tile.MultiplyRow(a.Pointer, weights.Pointer, Inner, result.Pointer, panels, false);
        for (int i = 0; i < panels * Tile.Columns; i++)
        {
            float* column = weights.Pointer + i / Tile.Columns * Inner * Tile.Columns + i % Tile.Columns;
            Assert.Equal(BitConverter.SingleToUInt32Bits(Chain(a.Pointer, column, 0)), BitConverter.SingleToUInt32Bits(result.Pointer[i]));
        }
    }

    [Fact]
    public void Workers_AnyThreadCount_EveryItemOnceByAKnownWorker()
    {
        for (int threads = 1; threads <= 8; threads++)
        {
            int[] taken = new int[57];
            int limit = threads;
            new Workers(threads).Run(taken.Length, (worker, item) =>
            {
                if (worker < limit) Interlocked.Increment(ref taken[item]);
            });
            Assert.All(taken, count => Assert.Equal(1, count));
        }
    }

    private static float Chain(float* row, float* column, float start)
    {
        float sum = start;
        for (int k = 0; k < Inner; k++) sum = MathF.FusedMultiplyAdd(row[k], column[k * Tile.Columns], sum);
        return sum;
    }

    private static NativeFloats Random(long length, int seed)
    {
        NativeFloats floats = new(length);
        Random random = new(seed);
        for (long i = 0; i < length; i++) floats.Pointer[i] = random.NextSingle() - 0.5f;
        return floats;
    }
}
