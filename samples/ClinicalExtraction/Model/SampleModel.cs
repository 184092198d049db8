using PrefixCache.Samples.Llama.Model;

namespace PrefixCache.Samples.ClinicalExtraction.Model;

/// <summary>
/// The model that runs when no folder is given: random weights, so its text means nothing; time and equality are what it shows.
/// </summary>
public static class SampleModel
{
    /// <summary>Any number would do; the same one makes runs comparable.</summary>
    public const ulong Seed = 20_240_229;

    /// <summary>Tokens decoded for each note.</summary>
    public const int OutputTokens = 16;

    /// <summary>
    /// 26 million weights and 8 KiB of KV a token in bf16: large enough that prefill dominates, small enough for two cores.
    /// </summary>
    public static LlamaConfig Config(int vocabSize) => new()
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
}
