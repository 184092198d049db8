using System.Runtime.Intrinsics;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>The one matrix product that everything else is built from: rows times a panel of 32 columns.</summary>
/// <remarks>
/// Every output is a single chain of fused multiply-adds over k in ascending order, whatever the tile it falls into, the vector width
/// or the number of threads. A fused multiply-add rounds once by definition, so the chain gives the same bits everywhere: a row
/// computed alone equals the same row computed among a thousand.
/// </remarks>
internal static unsafe class Tile
{
    /// <summary>Columns of a panel: two 512-bit vectors.</summary>
    public const int Columns = 32;

    /// <summary>Rows of the largest tile; 16 accumulators keep two FMA ports busy (latency 4).</summary>
    public const int Rows = 8;

    /// <summary>Rounds a width up to whole panels.</summary>
    public static int Padded(int width) => (width + Columns - 1) & ~(Columns - 1);

    /// <summary>Computes <c>c[r, 0..32) = a[r, 0..k) · panel[0..k, 0..32)</c> for each row, or adds to what <c>c</c> holds.</summary>
    /// <param name="a">Rows of <paramref name="k"/> values, <paramref name="strideA"/> apart.</param>
    /// <param name="panel">[k, 32], contiguous.</param>
    /// <param name="c">Rows of 32 values, <paramref name="strideC"/> apart.</param>
    /// <param name="accumulate">Continue the chains held in <paramref name="c"/> instead of starting at zero.</param>
    public static void Multiply(float* a, nint strideA, float* panel, int k, float* c, nint strideC, int rows, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated) Tile512.Multiply(a, strideA, panel, k, c, strideC, rows, accumulate);
        else Tile256.Multiply(a, strideA, panel, k, c, strideC, rows, accumulate);
    }

    /// <summary>
    /// One row times <paramref name="panels"/> adjacent panels, several at a time: a lone panel has too few chains to hide latency.
    /// </summary>
    public static void MultiplyRow(float* a, float* panel, int k, float* c, int panels, bool accumulate)
    {
        nint panelStride = (nint)k * Columns;
        int done = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; done + 4 <= panels; done += 4)
                Tile512.Row4(a, panel + done * panelStride, panelStride, k, c + done * Columns, accumulate);
        }
        for (; done < panels; done++) Multiply(a, 0, panel + done * panelStride, k, c + done * Columns, 0, 1, accumulate);
    }
}
