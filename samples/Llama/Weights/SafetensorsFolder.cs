using System.Text.Json;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Llama.Weights;

/// <summary>
/// The weights of a Hugging Face folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names.
/// </summary>
/// <remarks>Holds its files open until disposed; used by one thread.</remarks>
internal sealed class SafetensorsFolder : IWeightSource, IDisposable
{
    private readonly string _folder;
    private readonly Dictionary<string, SafetensorsFile> _files = [];
    private readonly Dictionary<string, string>? _shardOf;

    private SafetensorsFolder(string folder, Dictionary<string, string>? shardOf)
    {
        _folder = folder;
        _shardOf = shardOf;
    }

    public static SafetensorsFolder Open(string folder)
    {
        string single = Path.Combine(folder, "model.safetensors"), index = single + ".index.json";
        if (File.Exists(single)) return new SafetensorsFolder(folder, null);
        if (File.Exists(index)) return new SafetensorsFolder(folder, ReadIndex(index));
        throw new LlamaException($"{folder}: neither model.safetensors nor model.safetensors.index.json is there.");
    }

    public void ReadMatrix(string name, int rows, int columns, RowSink sink) => FileOf(name).Read(name, [rows, columns], sink);

    public float[] ReadVector(string name, int length)
    {
        float[] vector = new float[length];
        FileOf(name).Read(name, [length], (_, values) => values.CopyTo(vector));
        return vector;
    }

    public void Dispose()
    {
        foreach (SafetensorsFile file in _files.Values) file.Dispose();
    }

    private SafetensorsFile FileOf(string tensor)
    {
        string name = "model.safetensors";
        if (_shardOf is not null && !_shardOf.TryGetValue(tensor, out name!))
            throw new LlamaException($"{Path.Combine(_folder, "model.safetensors.index.json")}: tensor '{tensor}' is in no shard.");
        if (!_files.TryGetValue(name, out SafetensorsFile? file)) _files[name] = file = SafetensorsFile.Open(Path.Combine(_folder, name));
        return file.Contains(tensor) ? file : throw new LlamaException($"{file.Path}: tensor '{tensor}' is missing.");
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            Dictionary<string, string> shardOf = [];
            foreach (JsonProperty entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string shard = entry.Value.GetString() ?? "";
                // A shard is a file beside the index; anything else would read outside the folder.
                if (shard.Length == 0 || shard != Path.GetFileName(shard))
                    throw new LlamaException($"{path}: tensor '{entry.Name}' names shard '{shard}', which is not a plain file name.");
                shardOf[entry.Name] = shard;
            }
            return shardOf;
        }
        catch (Exception e) when (e is IOException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new LlamaException($"{path}: damaged index: {e.Message}", e);
        }
    }
}
