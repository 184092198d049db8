namespace PrefixCache.Samples.Llama.Kernels;

/// <summary>
/// A weight matrix <c>[outputs, inputs]</c> held as panels <c>[outputs / 32][inputs][32]</c> in f32; missing outputs are zero.
/// </summary>
/// <remarks>Owned by the model; filled by one thread, then read by any number.</remarks>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly NativeFloats _panels;

    public PackedMatrix(int outputs, int inputs)
    {
        Outputs = outputs;
        Inputs = inputs;
        _panels = new NativeFloats((long)Tile.Padded(outputs) * inputs);
    }

    public int Outputs { get; }

    public int Inputs { get; }

    public int Panels => Tile.Padded(Outputs) / Tile.Columns;

    /// <summary>[inputs, 32] of panel <paramref name="index"/>.</summary>
    public float* Panel(int index) => _panels.Pointer + (long)index * Inputs * Tile.Columns;

    /// <summary>Fills rows from <paramref name="firstOutput"/> on with row-major values.</summary>
    public void SetRows(int firstOutput, ReadOnlySpan<float> rows)
    {
        int count = rows.Length / Inputs;
        for (int r = 0; r < count; r++)
        {
            int output = firstOutput + r;
            float* column = Panel(output / Tile.Columns) + output % Tile.Columns;
            ReadOnlySpan<float> row = rows.Slice(r * Inputs, Inputs);
            for (int i = 0; i < row.Length; i++) column[(long)i * Tile.Columns] = row[i];
        }
    }

    /// <summary>Copies one output's row; how an embedding is looked up.</summary>
    public void CopyRow(int output, Span<float> destination)
    {
        float* column = Panel(output / Tile.Columns) + output % Tile.Columns;
        for (int i = 0; i < Inputs; i++) destination[i] = column[(long)i * Tile.Columns];
    }

    public void Dispose() => _panels.Dispose();
}
