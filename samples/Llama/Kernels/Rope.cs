using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>Rotary position embedding as Hugging Face computes it: the two halves of a head rotate against each other.</summary>
/// <remarks>The table grows on demand, by the thread that owns the sequence.</remarks>
internal sealed unsafe class Rope
{
    private readonly float[] _inverseFrequencies;
    private float[] _cos = [];
    private float[] _sin = [];

    public Rope(LlamaConfig config)
    {
        _inverseFrequencies = new float[config.HeadDim / 2];
        for (int i = 0; i < _inverseFrequencies.Length; i++)
        {
            float frequency = (float)(1 / Math.Pow(config.RopeTheta, 2.0 * i / config.HeadDim));
            _inverseFrequencies[i] = config.RopeScaling?.Apply(frequency) ?? frequency;
        }
    }

    /// <summary>Makes positions below <paramref name="end"/> available.</summary>
    public void Extend(int end)
    {
        int half = _inverseFrequencies.Length;
        int ready = _cos.Length / half;
        if (ready >= end) return;
        end = Math.Max(end, 2 * ready);
        Array.Resize(ref _cos, end * half);
        Array.Resize(ref _sin, end * half);
        for (int position = ready; position < end; position++)
        {
            for (int i = 0; i < half; i++)
            {
                // The angle is rounded to f32 first, as in the reference; its sine and cosine are exact to f32.
                float angle = position * _inverseFrequencies[i];
                _cos[position * half + i] = (float)Math.Cos(angle);
                _sin[position * half + i] = (float)Math.Sin(angle);
            }
        }
    }

    /// <summary>Rotates <paramref name="heads"/> adjacent heads in each row; row r is at position <paramref name="first"/> + r.</summary>
    public void Apply(float* rows, int stride, int count, int first, int heads)
    {
        int half = _inverseFrequencies.Length;
        for (int r = 0; r < count; r++)
        {
            ReadOnlySpan<float> cos = _cos.AsSpan((first + r) * half, half);
            ReadOnlySpan<float> sin = _sin.AsSpan((first + r) * half, half);
            for (int h = 0; h < heads; h++)
            {
                float* low = rows + (long)r * stride + h * 2 * half, high = low + half;
                for (int i = 0; i < half; i++)
                {
                    (float a, float b) = (low[i], high[i]);
                    low[i] = a * cos[i] - b * sin[i];
                    high[i] = b * cos[i] + a * sin[i];
                }
            }
        }
    }
}
