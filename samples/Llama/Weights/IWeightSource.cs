namespace PrefixCache.Samples.Llama.Weights;

/// <summary>Takes rows of a tensor, row-major, in ascending order.</summary>
/// <param name="firstRow">Index of the first row.</param>
/// <param name="rows">[rows, columns] as f32.</param>
public delegate void RowSink(int firstRow, ReadOnlySpan<float> rows);

/// <summary>Where a model's weights come from, by their Hugging Face names.</summary>
public interface IWeightSource
{
    /// <summary>Delivers a matrix of exactly this shape, in blocks of rows.</summary>
    void ReadMatrix(string name, int rows, int columns, RowSink sink);

    /// <summary>Delivers a vector of exactly this length.</summary>
    float[] ReadVector(string name, int length);
}
