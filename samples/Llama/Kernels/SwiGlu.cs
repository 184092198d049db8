using System.Runtime.Intrinsics;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>The gated activation <c>silu(gate) * up</c>.</summary>
internal static unsafe class SwiGlu
{
    /// <summary>Replaces each row's first <paramref name="width"/> values by the activation.</summary>
    /// <param name="gateUp">Rows of gate then up, [rows, 2 * width]; 16 values behind the last row are readable.</param>
    public static void Apply(float* gateUp, int stride, int width, int rows, Workers workers)
    {
        const int Block = 16;
        int items = (rows + Block - 1) / Block;
        workers.Run(items, (_, item) =>
        {
            for (int r = item * Block; r < Math.Min(rows, item * Block + Block); r++) Row(gateUp + (long)r * stride, width);
        });
    }

    private static void Row(float* row, int width)
    {
        float* up = row + width;
        int i = 0;
        for (; i + Lanes.Count <= width; i += Lanes.Count) Activate(Vector512.Load(row + i), Vector512.Load(up + i)).Store(row + i);
        if (i == width) return;
        // Whole vectors always: a scalar exponential may round differently from a vector's.
        Vector512<float> rest = Activate(Vector512.Load(row + i), Vector512.Load(up + i));
        for (int lane = 0; i < width; i++, lane++) row[i] = rest[lane];
    }

    private static Vector512<float> Activate(Vector512<float> gate, Vector512<float> up) =>
        gate / (Vector512<float>.One + Vector512.Exp(-gate)) * up;
}
