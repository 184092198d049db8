using System.Security.Cryptography;
using PrefixCache.Format.Layouts;
using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.Serving.Model;

/// <summary>The layout that workers register: equal weights give equal layouts, other weights never do.</summary>
public static class SampleLayout
{
    /// <summary>A quarter of the default: prompts here are short, and a hit of whole chunks loses at most the last one.</summary>
    public const int ChunkTokens = 64;

    /// <summary>Describes the KV of a model, held in bf16 by one rank.</summary>
    /// <param name="sample">Names a model made from <see cref="SampleModel.Seed"/>.</param>
    /// <param name="modelFolder">Folder that the weights come from, or null for those made from the seed.</param>
    public static KvLayout Of(LlamaConfig config, string sample, string? modelFolder)
    {
        ArgumentNullException.ThrowIfNull(config);
        string model = modelFolder is null
            ? $"{sample}-sample" : Path.GetFileName(Path.TrimEndingDirectorySeparator(modelFolder));
        string revision = modelFolder is null ? $"seed-{SampleModel.Seed}-{config.VocabSize}-{config.ParameterCount}" : Digest(modelFolder);
        return KvLayout.Uniform(model, revision, KvType.BFloat16, config.Layers, config.KvHeads, config.HeadDim, ChunkTokens);
    }

    /// <summary>SHA-256 over the configuration and every weight file: a retrained model must not find the old one's KV.</summary>
    private static string Digest(string folder)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        string[] files =
            [Path.Combine(folder, "config.json"), .. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)];
        foreach (string file in files)
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            hash.AppendData(BitConverter.GetBytes(stream.Length));
            for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer)) hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
