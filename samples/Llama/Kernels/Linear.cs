using System.Numerics.Tensors;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary><c>y = x · Wᵀ + b</c> over packed weights.</summary>
internal static unsafe class Linear
{
    /// <summary>Rows worked on together: 64 rows of 512 inputs are 128 KiB, so they stay in L2 beside a panel.</summary>
    private const int RowBlock = 64;

    /// <summary>Computes <paramref name="rows"/> rows of outputs.</summary>
    /// <param name="x">[rows, inputs], <paramref name="strideX"/> apart.</param>
    /// <param name="y">[rows, outputs rounded up to 32], <paramref name="strideY"/> apart.</param>
    public static void Apply(PackedMatrix weights, float[]? bias, float* x, int strideX, float* y, int strideY, int rows, Workers workers)
    {
        // About four items a thread: enough to even out a busy core, few enough that handing them out costs nothing.
        int group = Math.Max(1, weights.Panels / (4 * workers.Threads));
        if (rows == 1 && group > 4) group &= ~3;
        int groups = (weights.Panels + group - 1) / group;
        workers.Run(groups, (_, item) =>
        {
            int first = item * group;
            int end = Math.Min(first + group, weights.Panels);
            if (rows == 1) Tile.MultiplyRow(x, weights.Panel(first), weights.Inputs, y + first * Tile.Columns, end - first, false);
            else Rows(weights, x, strideX, y, strideY, rows, first, end);
        });
        if (bias is null) return;
        for (int r = 0; r < rows; r++)
        {
            Span<float> row = new(y + (long)r * strideY, bias.Length);
            TensorPrimitives.Add(row, bias, row);
        }
    }

    private static void Rows(PackedMatrix weights, float* x, int strideX, float* y, int strideY, int rows, int firstPanel, int endPanel)
    {
        for (int row = 0; row < rows; row += RowBlock)
        {
            int count = Math.Min(RowBlock, rows - row);
            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                float* output = y + (long)row * strideY + panel * Tile.Columns;
                Tile.Multiply(x + (long)row * strideX, strideX, weights.Panel(panel), weights.Inputs, output, strideY, count, false);
            }
        }
    }
}
