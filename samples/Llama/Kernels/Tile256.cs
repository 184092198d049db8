using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary><see cref="Tile"/> with 256-bit vectors (narrower hardware splits them): 4 rows by 16 columns fit 16 registers.</summary>
internal static unsafe class Tile256
{
    public static void Multiply(float* a, nint strideA, float* panel, int k, float* c, nint strideC, int rows, bool accumulate)
    {
        for (; rows >= 4; rows -= 4, a += 4 * strideA, c += 4 * strideC)
        {
            Rows4(a, strideA, panel, k, c, strideC, accumulate);
            Rows4(a, strideA, panel + 16, k, c + 16, strideC, accumulate);
        }
        for (; rows > 0; rows--, a += strideA, c += strideC) Row1(a, panel, k, c, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float* a, nint strideA, float* panel, int k, float* c, nint strideC, bool accumulate)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector256<float> c20 = default, c21 = default, c30 = default, c31 = default;
        float* d1 = c + strideC, d2 = d1 + strideC, d3 = d2 + strideC;
        if (accumulate)
        {
            (c00, c01, c10, c11) = (Vector256.Load(c), Vector256.Load(c + 8), Vector256.Load(d1), Vector256.Load(d1 + 8));
            (c20, c21, c30, c31) = (Vector256.Load(d2), Vector256.Load(d2 + 8), Vector256.Load(d3), Vector256.Load(d3 + 8));
        }
        float* a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA;
        for (int i = 0; i < k; i++)
        {
            Vector256<float> b0 = Vector256.Load(panel), b1 = Vector256.Load(panel + 8);
            panel += Tile.Columns;
            Vector256<float> x = Vector256.Create(a[i]);
            (c00, c01) = (Vector256.FusedMultiplyAdd(x, b0, c00), Vector256.FusedMultiplyAdd(x, b1, c01));
            x = Vector256.Create(a1[i]);
            (c10, c11) = (Vector256.FusedMultiplyAdd(x, b0, c10), Vector256.FusedMultiplyAdd(x, b1, c11));
            x = Vector256.Create(a2[i]);
            (c20, c21) = (Vector256.FusedMultiplyAdd(x, b0, c20), Vector256.FusedMultiplyAdd(x, b1, c21));
            x = Vector256.Create(a3[i]);
            (c30, c31) = (Vector256.FusedMultiplyAdd(x, b0, c30), Vector256.FusedMultiplyAdd(x, b1, c31));
        }
        c00.Store(c);
        c01.Store(c + 8);
        c10.Store(d1);
        c11.Store(d1 + 8);
        c20.Store(d2);
        c21.Store(d2 + 8);
        c30.Store(d3);
        c31.Store(d3 + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row1(float* a, float* panel, int k, float* c, bool accumulate)
    {
        Vector256<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (accumulate) (c0, c1, c2, c3) = (Vector256.Load(c), Vector256.Load(c + 8), Vector256.Load(c + 16), Vector256.Load(c + 24));
        for (int i = 0; i < k; i++)
        {
            Vector256<float> x = Vector256.Create(a[i]);
            c0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(panel), c0);
            c1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(panel + 8), c1);
            c2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(panel + 16), c2);
            c3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(panel + 24), c3);
            panel += Tile.Columns;
        }
        c0.Store(c);
        c1.Store(c + 8);
        c2.Store(c + 16);
        c3.Store(c + 24);
    }
}
