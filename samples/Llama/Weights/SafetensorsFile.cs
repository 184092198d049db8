using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Weights;

/// <summary>One open safetensors file; reads f32, f16 and bf16 tensors as f32, a block at a time.</summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const int BlockBytes = 4 << 20;
    private readonly FileStream _file;
    private readonly Dictionary<string, SafetensorsTensor> _tensors;

    private SafetensorsFile(FileStream file, Dictionary<string, SafetensorsTensor> tensors)
    {
        _file = file;
        _tensors = tensors;
    }

    public string Path => _file.Name;

    public static SafetensorsFile Open(string path)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new SafetensorsFile(file, SafetensorsHeader.Read(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new LlamaException($"{path}: {e.Message}", e);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Delivers the tensor in blocks of whole rows; a vector is one row.</summary>
    public void Read(string name, ReadOnlySpan<int> shape, RowSink sink)
    {
        (SafetensorsTensor tensor, KvDtype dtype) = Find(name, shape);
        int columns = shape[^1], rows = shape.Length == 1 ? 1 : shape[0];
        int rowBytes = checked(columns * KvElements.Size(dtype));
        int blockRows = Math.Clamp(BlockBytes / rowBytes, 1, rows);
        byte[] bytes = new byte[blockRows * rowBytes];
        float[] values = new float[blockRows * columns];
        for (int row = 0; row < rows; row += blockRows)
        {
            int count = Math.Min(blockRows, rows - row);
            Span<byte> block = bytes.AsSpan(0, count * rowBytes);
            _file.Position = tensor.Offset + (long)row * rowBytes;
            if (_file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length)
                throw new LlamaException($"{Path}: tensor '{name}' ends early: the file is truncated.");
            Span<float> widened = values.AsSpan(0, count * columns);
            KvElements.Widen(block, widened, dtype);
            sink(row, widened);
        }
    }

    public void Dispose() => _file.Dispose();

    private (SafetensorsTensor Tensor, KvDtype Dtype) Find(string name, ReadOnlySpan<int> shape)
    {
        SafetensorsTensor tensor = _tensors[name];
        string wanted = string.Join(", ", shape.ToArray());
        bool same = tensor.Shape.Count == shape.Length;
        for (int i = 0; same && i < shape.Length; i++) same = tensor.Shape[i] == shape[i];
        if (!same)
        {
            string found = string.Join(", ", tensor.Shape);
            throw new LlamaException($"{Path}: tensor '{name}' has shape [{found}], the configuration needs [{wanted}].");
        }
        KvDtype dtype = tensor.Dtype switch
        {
            "F32" => KvDtype.F32,
            "F16" => KvDtype.F16,
            "BF16" => KvDtype.Bf16,
            _ => throw new LlamaException($"{Path}: tensor '{name}' has dtype {tensor.Dtype}; expected F32, F16 or BF16."),
        };
        long bytes = KvElements.Size(dtype);
        foreach (int dimension in shape) bytes *= dimension;
        if (bytes != tensor.Length)
            throw new LlamaException(
                $"{Path}: tensor '{name}' of shape [{wanted}] in {tensor.Dtype} needs {bytes} bytes, its range has {tensor.Length}.");
        return (tensor, dtype);
    }
}
