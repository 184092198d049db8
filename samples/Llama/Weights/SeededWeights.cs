using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PrefixCache.Samples.Llama.Weights;

/// <summary>
/// Weights made from a seed: equal on every machine and in every run, since only integer arithmetic and exact scaling make them.
/// </summary>
/// <remarks>
/// Deviations are chosen so that the next token depends on the whole context, as a trained model's does: 1/√columns keeps activations in
/// range, embeddings of 1 keep tokens apart, and queries and keys of twice that make attention pick tokens instead of averaging them away.
/// Stateless.
/// </remarks>
public sealed class SeededWeights(ulong seed) : IWeightSource
{
    private const int BlockRows = 256;

    /// <inheritdoc/>
    public void ReadMatrix(string name, int rows, int columns, RowSink sink)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(sink);
        ulong state = Start(name);
        float deviation = Deviation(name, columns);
        float[] block = new float[Math.Min(rows, BlockRows) * columns];
        for (int row = 0; row < rows; row += BlockRows)
        {
            Span<float> values = block.AsSpan(0, Math.Min(BlockRows, rows - row) * columns);
            Fill(values, ref state, deviation);
            sink(row, values);
        }
    }

    /// <inheritdoc/>
    public float[] ReadVector(string name, int length)
    {
        ArgumentNullException.ThrowIfNull(name);
        float[] values = new float[length];
        ulong state = Start(name);
        Fill(values, ref state, 0.02f);
        if (name.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            for (int i = 0; i < length; i++) values[i] += 1;
        }
        return values;
    }

    private static float Deviation(string name, int columns)
    {
        if (name.Contains("embed_tokens", StringComparison.Ordinal)) return 1;
        bool scores = name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal);
        return (scores ? 2 : 1) / MathF.Sqrt(columns);
    }

    private ulong Start(string name)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        return BinaryPrimitives.ReadUInt64LittleEndian(hash) ^ seed;
    }

    /// <summary>Near-normal values: the sum of four uniform 16-bit numbers (Irwin-Hall) from one SplitMix64 step each.</summary>
    private static void Fill(Span<float> values, ref ulong state, float deviation)
    {
        // One uniform 16-bit number has variance 2^32 / 12, so four have 2^32 / 3.
        float scale = deviation * (float)(Math.Sqrt(3) / 65536);
        for (int i = 0; i < values.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            ulong z = state;
            z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
            z = (z ^ z >> 27) * 0x94D049BB133111EB;
            z ^= z >> 31;
            int sum = (int)((z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48)) - 2 * 0xFFFF;
            values[i] = sum * scale;
        }
    }
}
