using System.Numerics.Tensors;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Root-mean-square normalisation of each row, times a weight.</summary>
internal static unsafe class RmsNorm
{
    public static void Apply(float* x, float* y, int stride, int rows, float[] weight, float epsilon)
    {
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> source = new(x + (long)r * stride, weight.Length);
            Span<float> row = new(y + (long)r * stride, weight.Length);
            float scale = 1 / MathF.Sqrt(Lanes.SumOfSquares(source) / weight.Length + epsilon);
            TensorPrimitives.Multiply(source, scale, row);
            TensorPrimitives.Multiply(row, weight, row);
        }
    }
}
