using System.Runtime.Intrinsics;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Sums with an order of their own: 16 partial sums by index modulo 16, added pairwise; the same for every vector width.</summary>
internal static unsafe class Lanes
{
    public const int Count = 16;

    public static float Sum(Vector512<float> lanes)
    {
        float* v = stackalloc float[Count];
        lanes.Store(v);
        for (int width = Count / 2; width > 0; width /= 2)
        {
            for (int i = 0; i < width; i++) v[i] += v[i + width];
        }
        return v[0];
    }

    public static float SumOfSquares(ReadOnlySpan<float> values)
    {
        Vector512<float> sum = default;
        int i = 0;
        for (; i + Count <= values.Length; i += Count)
        {
            Vector512<float> x = Vector512.Create(values.Slice(i, Count));
            sum = Vector512.FusedMultiplyAdd(x, x, sum);
        }
        if (i < values.Length)
        {
            Span<float> rest = stackalloc float[Count];
            rest.Clear();
            values[i..].CopyTo(rest);
            Vector512<float> x = Vector512.Create<float>(rest);
            sum = Vector512.FusedMultiplyAdd(x, x, sum);
        }
        return Sum(sum);
    }
}
