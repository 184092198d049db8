using PrefixCache.Format.Layouts;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.Samples.Serving.Model;

/// <summary>
/// Tokenizer and model of a sample: from a folder, or made from the sample's own texts and a seed; equal in every process.
/// </summary>
/// <remarks>Seeded weights are random, so their text means nothing; time and equality are what they show.</remarks>
public sealed class SampleModel
{
    /// <summary>Any number would do; the same one makes runs comparable.</summary>
    public const ulong Seed = 20_240_229;

    /// <summary>Tokens learnt beside the 256 bytes.</summary>
    public const int Merges = 2048;

    private readonly string _sample;
    private readonly string? _folder;

    /// <summary>Reads or learns the tokenizer; the weights are loaded on demand.</summary>
    /// <param name="sample">Names the seeded model, so that samples do not share KV.</param>
    /// <param name="folder">Hugging Face folder with a tokenizer.json, or null.</param>
    /// <param name="texts">What a vocabulary is learnt from where there is no folder; a text that is given twice weighs twice.</param>
    /// <exception cref="LlamaException">The folder cannot be used.</exception>
    public SampleModel(string sample, string? folder, IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _sample = sample;
        _folder = folder;
        Tokenizer = folder is null ? BpeTokenizer.Train(texts, Merges) : BpeTokenizer.Load(Path.Combine(folder, "tokenizer.json"));
    }

    /// <summary>Encodes prompts and decodes answers.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>The weights come from a seed.</summary>
    public bool IsSeeded => _folder is null;

    /// <summary>
    /// 26 million weights and 8 KiB of KV a token in bf16: large enough that prefill dominates, small enough for two cores.
    /// </summary>
    public static LlamaConfig SeededConfig(int vocabSize) => new()
    {
        VocabSize = vocabSize,
        HiddenSize = 512,
        IntermediateSize = 1408,
        Layers = 8,
        Heads = 8,
        KvHeads = 4,
        HeadDim = 64,
        MaxPositions = 4096,
    };

    /// <summary>Loads or makes the weights.</summary>
    public LlamaModel Load() =>
        _folder is { } folder ? LlamaModel.Load(folder) : LlamaModel.FromSeed(SeededConfig(Tokenizer.VocabSize), Seed);

    /// <summary>What workers of this model register: equal weights give equal layouts, other weights never do.</summary>
    public KvLayout Layout(LlamaConfig config) => SampleLayout.Of(config, _sample, _folder);
}
