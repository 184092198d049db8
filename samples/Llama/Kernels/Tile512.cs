using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary><see cref="Tile"/> with 512-bit vectors: 8, 4 or 1 rows by 32 columns held in registers.</summary>
internal static unsafe class Tile512
{
    public static void Multiply(float* a, nint strideA, float* panel, int k, float* c, nint strideC, int rows, bool accumulate)
    {
        for (; rows >= 8; rows -= 8, a += 8 * strideA, c += 8 * strideC) Rows8(a, strideA, panel, k, c, strideC, accumulate);
        for (; rows >= 4; rows -= 4, a += 4 * strideA, c += 4 * strideC) Rows4(a, strideA, panel, k, c, strideC, accumulate);
        for (; rows > 0; rows--, a += strideA, c += strideC) Row1(a, panel, k, c, accumulate);
    }

    /// <summary>One row by four panels that lie <paramref name="panelStride"/> apart; c holds 128 contiguous columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row4(float* a, float* panel, nint panelStride, int k, float* c, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        if (accumulate)
        {
            (c0, c1, c2, c3) = (Vector512.Load(c), Vector512.Load(c + 16), Vector512.Load(c + 32), Vector512.Load(c + 48));
            (c4, c5, c6, c7) = (Vector512.Load(c + 64), Vector512.Load(c + 80), Vector512.Load(c + 96), Vector512.Load(c + 112));
        }
        float* p1 = panel + panelStride, p2 = p1 + panelStride, p3 = p2 + panelStride;
        for (int i = 0; i < k; i++)
        {
            Vector512<float> x = Vector512.Create(a[i]);
            c0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(panel), c0);
            c1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(panel + 16), c1);
            c2 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p1), c2);
            c3 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p1 + 16), c3);
            c4 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p2), c4);
            c5 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p2 + 16), c5);
            c6 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p3), c6);
            c7 = Vector512.FusedMultiplyAdd(x, Vector512.Load(p3 + 16), c7);
            panel += Tile.Columns;
            p1 += Tile.Columns;
            p2 += Tile.Columns;
            p3 += Tile.Columns;
        }
        Store(c, c0, c1);
        Store(c + 32, c2, c3);
        Store(c + 64, c4, c5);
        Store(c + 96, c6, c7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(float* a, nint strideA, float* panel, int k, float* c, nint strideC, bool accumulate)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector512<float> c20 = default, c21 = default, c30 = default, c31 = default;
        Vector512<float> c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default;
        if (accumulate)
        {
            Load(c, out c00, out c01);
            Load(c + strideC, out c10, out c11);
            Load(c + 2 * strideC, out c20, out c21);
            Load(c + 3 * strideC, out c30, out c31);
            Load(c + 4 * strideC, out c40, out c41);
            Load(c + 5 * strideC, out c50, out c51);
            Load(c + 6 * strideC, out c60, out c61);
            Load(c + 7 * strideC, out c70, out c71);
        }
        float* a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA, a4 = a3 + strideA;
        float* a5 = a4 + strideA, a6 = a5 + strideA, a7 = a6 + strideA;
        for (int i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(panel), b1 = Vector512.Load(panel + 16);
            panel += Tile.Columns;
            Vector512<float> x = Vector512.Create(a[i]);
            (c00, c01) = (Vector512.FusedMultiplyAdd(x, b0, c00), Vector512.FusedMultiplyAdd(x, b1, c01));
            x = Vector512.Create(a1[i]);
            (c10, c11) = (Vector512.FusedMultiplyAdd(x, b0, c10), Vector512.FusedMultiplyAdd(x, b1, c11));
            x = Vector512.Create(a2[i]);
            (c20, c21) = (Vector512.FusedMultiplyAdd(x, b0, c20), Vector512.FusedMultiplyAdd(x, b1, c21));
            x = Vector512.Create(a3[i]);
            (c30, c31) = (Vector512.FusedMultiplyAdd(x, b0, c30), Vector512.FusedMultiplyAdd(x, b1, c31));
            x = Vector512.Create(a4[i]);
            (c40, c41) = (Vector512.FusedMultiplyAdd(x, b0, c40), Vector512.FusedMultiplyAdd(x, b1, c41));
            x = Vector512.Create(a5[i]);
            (c50, c51) = (Vector512.FusedMultiplyAdd(x, b0, c50), Vector512.FusedMultiplyAdd(x, b1, c51));
            x = Vector512.Create(a6[i]);
            (c60, c61) = (Vector512.FusedMultiplyAdd(x, b0, c60), Vector512.FusedMultiplyAdd(x, b1, c61));
            x = Vector512.Create(a7[i]);
            (c70, c71) = (Vector512.FusedMultiplyAdd(x, b0, c70), Vector512.FusedMultiplyAdd(x, b1, c71));
        }
        Store(c, c00, c01);
        Store(c + strideC, c10, c11);
        Store(c + 2 * strideC, c20, c21);
        Store(c + 3 * strideC, c30, c31);
        Store(c + 4 * strideC, c40, c41);
        Store(c + 5 * strideC, c50, c51);
        Store(c + 6 * strideC, c60, c61);
        Store(c + 7 * strideC, c70, c71);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float* a, nint strideA, float* panel, int k, float* c, nint strideC, bool accumulate)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector512<float> c20 = default, c21 = default, c30 = default, c31 = default;
        if (accumulate)
        {
            Load(c, out c00, out c01);
            Load(c + strideC, out c10, out c11);
            Load(c + 2 * strideC, out c20, out c21);
            Load(c + 3 * strideC, out c30, out c31);
        }
        float* a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA;
        for (int i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(panel), b1 = Vector512.Load(panel + 16);
            panel += Tile.Columns;
            Vector512<float> x = Vector512.Create(a[i]);
            (c00, c01) = (Vector512.FusedMultiplyAdd(x, b0, c00), Vector512.FusedMultiplyAdd(x, b1, c01));
            x = Vector512.Create(a1[i]);
            (c10, c11) = (Vector512.FusedMultiplyAdd(x, b0, c10), Vector512.FusedMultiplyAdd(x, b1, c11));
            x = Vector512.Create(a2[i]);
            (c20, c21) = (Vector512.FusedMultiplyAdd(x, b0, c20), Vector512.FusedMultiplyAdd(x, b1, c21));
            x = Vector512.Create(a3[i]);
            (c30, c31) = (Vector512.FusedMultiplyAdd(x, b0, c30), Vector512.FusedMultiplyAdd(x, b1, c31));
        }
        Store(c, c00, c01);
        Store(c + strideC, c10, c11);
        Store(c + 2 * strideC, c20, c21);
        Store(c + 3 * strideC, c30, c31);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row1(float* a, float* panel, int k, float* c, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default;
        if (accumulate) Load(c, out c0, out c1);
        for (int i = 0; i < k; i++)
        {
            Vector512<float> x = Vector512.Create(a[i]);
            c0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(panel), c0);
            c1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(panel + 16), c1);
            panel += Tile.Columns;
        }
        Store(c, c0, c1);
    }

    private static void Load(float* c, out Vector512<float> low, out Vector512<float> high)
    {
        low = Vector512.Load(c);
        high = Vector512.Load(c + 16);
    }

    private static void Store(float* c, Vector512<float> low, Vector512<float> high)
    {
        low.Store(c);
        high.Store(c + 16);
    }
}
