using System.Buffers.Binary;
using System.Text.Json;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Weights;

/// <summary>
/// Reads a safetensors header: u64 little-endian length, then JSON that names dtype, shape and byte range of each tensor.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The format's own limit; also keeps a damaged length from being allocated.</summary>
    private const long MaxLength = 100_000_000;

    public static Dictionary<string, SafetensorsTensor> Read(FileStream file)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (file.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
            throw new LlamaException($"{file.Name}: {file.Length} bytes are too short for a safetensors file.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength || (long)length > file.Length - 8)
        {
            throw new LlamaException($"{file.Name}: its header claims {length} bytes, the file has {file.Length - 8} behind the length: "
                + "truncated, or not a safetensors file.");
        }
        byte[] json = new byte[length];
        file.ReadExactly(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Tensors(document.RootElement, file, 8 + (long)length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new LlamaException($"{file.Name}: damaged header: {e.Message}", e);
        }
    }

    private static Dictionary<string, SafetensorsTensor> Tensors(JsonElement root, FileStream file, long dataStart)
    {
        Dictionary<string, SafetensorsTensor> tensors = [];
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            if (entry.Name == "__metadata__") continue;
            string dtype = entry.Value.GetProperty("dtype").GetString() ?? "";
            long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            JsonElement range = entry.Value.GetProperty("data_offsets");
            if (range.GetArrayLength() != 2)
                throw new LlamaException($"{file.Name}: tensor '{entry.Name}': data_offsets needs a start and an end.");
            (long start, long end) = (range[0].GetInt64(), range[1].GetInt64());
            if (start < 0 || end < start || end > file.Length - dataStart)
            {
                throw new LlamaException($"{file.Name}: tensor '{entry.Name}' lies at bytes {start} to {end} of {file.Length - dataStart}: "
                    + "the file is truncated or damaged.");
            }
            tensors[entry.Name] = new SafetensorsTensor(dtype, shape, dataStart + start, end - start);
        }
        return tensors;
    }
}
